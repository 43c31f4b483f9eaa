//! The line of an outcome that is not allowed leads to the execution that has it. A test program of
//! its own, because it sets a variable of the environment.
#![cfg(feature = "porf")]

use exact_outcomes::{Fault, Porf, Scenario};
use porf::sync::atomic::AtomicU32;
use porf::sync::atomic::Ordering::Relaxed;

#[derive(Clone, Debug)]
struct Take;

fn check() -> Fault {
    let tickets = |next: &mut u32, _: &Take| {
        *next += 1;
        *next
    };
    let scenario = Scenario::new(0, tickets).thread([Take]).thread([Take]);
    let checked = scenario.check(
        &Porf::default(),
        || AtomicU32::new(0),
        |next, _| {
            let ticket = next.load(Relaxed) + 1;
            next.store(ticket, Relaxed);
            ticket
        },
    );
    checked.unwrap_err()
}

#[test]
fn a_line_shows_the_execution() {
    let Fault::Outcomes(difference) = check() else { panic!("tickets come twice") };
    let (outcome, line) = difference.replays.iter().next().expect("a line");
    let value = line.strip_prefix("PORF_REPLAY='").and_then(|line| line.strip_suffix('\''));
    // SAFETY: this process has one test, so no other thread uses the environment.
    unsafe { std::env::set_var("PORF_REPLAY", value.expect("the variable and its value")) };
    let Fault::Execution(message) = check() else { panic!("the execution fails") };
    assert!(message.contains("the specification does not allow the outcome"), "{message}");
    assert!(message.contains(outcome), "{message}");
}
