//! What `Builder::explore_outcomes` hands on.

use std::collections::BTreeMap;
use std::sync::Arc;

use porf::model::{Builder, Report, Told, Verdict, assume};
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::Relaxed;
use porf::thread;

fn outcomes<T: Ord + Send + 'static>(
    model: impl Fn() -> T + Send + Sync + 'static,
) -> (Report, BTreeMap<T, u64>) {
    let mut seen = BTreeMap::new();
    let report = Builder::new().explore_outcomes(model, |told| match told {
        Told::Execution(outcome) => *seen.entry(outcome).or_default() += 1,
        Told::Anew => seen.clear(),
    });
    assert_eq!(report.verdict, Verdict::Exhausted);
    assert_eq!(report.executions, seen.values().sum::<u64>(), "one outcome for each execution");
    (report, seen)
}

#[test]
fn each_execution_has_one_outcome() {
    let (_, seen) = outcomes(|| {
        let shared = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || other.store(1, Relaxed));
        let value = shared.load(Relaxed);
        handle.join().unwrap();
        value
    });
    assert_eq!(seen, BTreeMap::from([(0, 1), (1, 1)]));
}

/// The closure returns in every run, and in one of two a thread that nobody joins stops.
#[test]
fn a_run_that_an_assumption_ends_has_no_outcome() {
    let (report, seen) = outcomes(|| {
        let shared = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&shared);
        thread::spawn(move || other.store(1, Relaxed));
        let value = shared.load(Relaxed);
        thread::spawn(move || assume(value == 1));
        value
    });
    assert_eq!((report.executions, report.blocked), (1, 1));
    assert_eq!(seen, BTreeMap::from([(1, 1)]));
}

/// A loop that gives up is found only in an execution that comes after others.
#[test]
fn what_was_told_before_an_exploration_begins_anew_is_void() {
    let model = || {
        let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || other[0].store(1, Relaxed));
        let value = shared[0].load(Relaxed);
        let mut turns = 0;
        while value == 1 && shared[1].load(Relaxed) == 0 && turns < 3 {
            turns += 1;
            thread::yield_now();
        }
        handle.join().unwrap();
        (value, turns)
    };
    let (mut told_now, mut void) = (0, 0);
    Builder::new().explore_outcomes(model, |told| match told {
        Told::Execution(_) => told_now += 1,
        Told::Anew => void += core::mem::take(&mut told_now),
    });
    assert_eq!((void, told_now), (1, 2));
    let (_, seen) = outcomes(model);
    assert_eq!(seen, BTreeMap::from([((0, 0), 1), ((1, 3), 1)]));
}
