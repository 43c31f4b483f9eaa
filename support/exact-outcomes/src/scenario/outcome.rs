//! How an outcome is written: who did what, and what came of it.

use core::fmt::{Debug, Write};

/// The parts of a scenario in the order in which an outcome tells them, each with its name.
pub(super) struct Parts<'s, O> {
    pub(super) before: &'s [O],
    pub(super) threads: &'s [Vec<O>],
    pub(super) after: &'s [O],
}

/// What the operations of each part returned, written by `{:?}`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Results {
    pub(super) before: Vec<String>,
    pub(super) threads: Vec<Vec<String>>,
    pub(super) after: Vec<String>,
}

impl<O: Debug> Parts<'_, O> {
    /// The outcome's text. A part without operations is left out, and so is a result `()`.
    pub(super) fn outcome(&self, results: &Results) -> String {
        let mut text = String::new();
        part(&mut text, "before", self.before, &results.before);
        for (number, (ops, results)) in self.threads.iter().zip(&results.threads).enumerate() {
            part(&mut text, &format!("thread {number}"), ops, results);
        }
        part(&mut text, "after", self.after, &results.after);
        text
    }
}

fn part<O: Debug>(text: &mut String, name: &str, ops: &[O], results: &[String]) {
    if ops.is_empty() {
        return;
    }
    let bar = if text.is_empty() { "" } else { " | " };
    _ = write!(text, "{bar}{name}:");
    for (number, (op, result)) in ops.iter().zip(results).enumerate() {
        let comma = if number == 0 { "" } else { "," };
        _ = write!(text, "{comma} {op:?}");
        if result != "()" {
            _ = write!(text, " -> {result}");
        }
    }
}
