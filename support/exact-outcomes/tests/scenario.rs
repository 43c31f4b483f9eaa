//! What a scenario's check finds, and what it refuses to pass.
#![cfg(feature = "porf")]

use exact_outcomes::{Fault, Porf, Scenario};
use porf::cell::UnsafeCell;
use porf::model::Builder;
use porf::sync::Mutex;
use porf::sync::atomic::AtomicU32;
use porf::sync::atomic::Ordering::Relaxed;

#[derive(Clone, Debug)]
enum Op {
    Add(u32),
    Read,
}
use Op::{Add, Read};

/// A number: `Add` gives what was there before.
fn number(value: &mut u32, op: &Op) -> u32 {
    let before = *value;
    match *op {
        Add(more) => *value += more,
        Read => {}
    }
    before
}

fn scenario() -> Scenario<u32, Op, u32> {
    Scenario::new(0, number).before([Add(1)]).thread([Add(2)]).thread([Add(4)]).after([Read])
}

fn atomic(value: &AtomicU32, op: &Op) -> u32 {
    match *op {
        Add(more) => value.fetch_add(more, Relaxed),
        Read => value.load(Relaxed),
    }
}

/// Loses additions.
fn in_two_steps(value: &AtomicU32, op: &Op) -> u32 {
    let before = value.load(Relaxed);
    if let Add(more) = *op {
        value.store(before + more, Relaxed);
    }
    before
}

fn zero() -> AtomicU32 {
    AtomicU32::new(0)
}

#[test]
fn a_sound_structure_passes_with_all_outcomes() {
    let seen = scenario().check(&Porf::default(), zero, atomic).unwrap();
    let outcomes: Vec<&str> = seen.outcomes.keys().map(String::as_str).collect();
    let expected = [
        "before: Add(1) -> 0 | thread 0: Add(2) -> 1 | thread 1: Add(4) -> 3 | after: Read -> 7",
        "before: Add(1) -> 0 | thread 0: Add(2) -> 5 | thread 1: Add(4) -> 1 | after: Read -> 7",
    ];
    assert_eq!((outcomes, seen.executions, seen.finished), (expected.to_vec(), 2, true));
}

#[test]
fn an_outcome_too_many_is_told_with_a_line_that_runs_it() {
    let fault = scenario().check(&Porf::default(), zero, in_two_steps).unwrap_err();
    let text = fault.to_string();
    let Fault::Outcomes(difference) = fault else { panic!("{text}") };
    let lost =
        "before: Add(1) -> 0 | thread 0: Add(2) -> 1 | thread 1: Add(4) -> 1 | after: Read -> 5";
    assert_eq!(difference.extra.get(lost), Some(&1), "{text}");
    assert!(difference.missing.is_empty(), "{text}");
    assert!(text.contains("outcomes that the specification does not allow:\n"), "{text}");
    assert!(text.contains(&format!("  {lost}\n    in 1 of ")), "{text}");
    assert!(text.contains("one of them alone, with its events: PORF_REPLAY='"), "{text}");
}

#[test]
fn an_outcome_that_never_occurs_is_told() {
    // Each thread waits for a value that the structure has only after the other one.
    let one_after_the_other = |value: &AtomicU32, op: &Op| {
        while matches!(op, Add(4)) && value.load(Relaxed) < 3 {
            porf::thread::yield_now();
        }
        atomic(value, op)
    };
    let fault = scenario().check(&Porf::default(), zero, one_after_the_other).unwrap_err();
    let text = fault.to_string();
    let Fault::Outcomes(difference) = fault else { panic!("{text}") };
    assert!(difference.extra.is_empty() && difference.missing.len() == 1, "{text}");
    assert!(text.contains("Add(2) -> 5"), "{text}");
    assert!(text.starts_with("1 outcome that the specification allows and none of "), "{text}");
}

/// A number that nothing protects.
struct Bare(UnsafeCell<u32>);
// SAFETY: it is not; the checker reports the race before the access is made.
unsafe impl Sync for Bare {}

#[test]
fn a_race_is_the_checkers_message() {
    let bare = |value: &Bare, op: &Op| {
        // SAFETY: porf runs one thread at a time, and reports the race.
        value.0.with_mut(|value| unsafe { number(&mut *value, op) })
    };
    let make = || Bare(UnsafeCell::new(0));
    let fault = scenario().check(&Porf::default(), make, bare).unwrap_err();
    let Fault::Execution(message) = &fault else { panic!("{fault}") };
    assert!(message.contains("Concurrent write accesses to `UnsafeCell`"), "{message}");
}

#[test]
fn a_limit_is_no_pass() {
    let mut builder = Builder::new();
    builder.max_permutations = Some(1);
    let fault = scenario().check(&Porf(builder), zero, atomic).unwrap_err();
    assert!(matches!(fault, Fault::NotFinished(_)), "{fault}");
    assert!(fault.to_string().contains("not finished, and therefore not passed"), "{fault}");
}

#[test]
fn a_structure_of_stds_types_is_no_pass() {
    use core::sync::atomic::{AtomicU32, Ordering};

    // All orders of two additions have one outcome, so the outcomes cannot tell.
    let sums = |value: &mut u32, op: &Op| match *op {
        Add(more) => {
            *value += more;
            0
        }
        Read => *value,
    };
    let scenario = Scenario::new(0, sums).thread([Add(2)]).thread([Add(4)]).after([Read]);
    let make = || AtomicU32::new(0);
    let checked = scenario.check(&Porf::default(), make, |value, op| match *op {
        Add(more) => {
            value.fetch_add(more, Ordering::Relaxed);
            0
        }
        Read => value.load(Ordering::Relaxed),
    });
    assert_eq!(checked, Err(Fault::NothingShared));
}

#[test]
fn a_thread_may_have_a_handle() {
    let seen = scenario().check_threads(
        &Porf::default(),
        || Mutex::new(0),
        |shared, steps| {
            let handle = shared;
            steps.each(|op| number(&mut handle.lock().unwrap(), op));
        },
    );
    assert_eq!(seen.unwrap().outcomes.len(), 2);
}

#[test]
fn three_threads_and_none() {
    let scenario = Scenario::new(0, number).thread([Add(1)]).thread([Add(2)]).thread([Add(4)]);
    let seen = scenario.check(&Porf::default(), zero, atomic).unwrap();
    assert_eq!((seen.executions, seen.outcomes.len()), (6, 6));
    let alone = Scenario::new(0, number).after([Read]).check(&Porf::default(), zero, atomic);
    assert_eq!(alone.unwrap().executions, 1);
}
