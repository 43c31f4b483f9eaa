//! How what a thread was given is written down, by the shipped code and by the specification alike.

/// What is compared: each thread's log and what came of the pool.
pub(in crate::scenarios) fn outcome(
    logs: &[Vec<String>],
    carved: usize,
    full: usize,
    partial: usize,
) -> String {
    let mut text = String::new();
    for (thread, log) in logs.iter().enumerate() {
        text += &format!("t{thread} [{}] ", log.join(" "));
    }
    text + &format!("carved {carved} full {full} partial {partial}")
}

/// How a log shows what came: blocks by number, in the order in which they were carved.
pub(in crate::scenarios) fn entry(blocks: &[usize]) -> String {
    let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    if blocks.is_empty() { "-".into() } else { blocks.join("+") }
}

/// How a log shows the answer to [`Op::Carved`](super::Op::Carved).
pub(super) fn answer(carved: usize) -> String {
    format!("{carved} carved")
}
