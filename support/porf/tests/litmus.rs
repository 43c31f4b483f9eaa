//! Classic litmus tests: the outcomes that RC11 allows, and how many executions there are.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use porf::model::{Builder, Report, Verdict};
use porf::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use porf::sync::atomic::{AtomicUsize, fence};
use porf::thread;

/// The variables of a test.
type Memory = [AtomicUsize; 3];
type Outcomes = BTreeSet<Vec<usize>>;

/// One operation of a thread, on a variable that is named by its number.
#[derive(Clone, Copy)]
enum Op {
    Store(usize, usize, Ordering),
    Fence(Ordering),
    Load(usize, Ordering),
    Add(usize, usize, Ordering),
    Swap(usize, usize, Ordering),
    /// A compare-and-exchange from the first value to the second one, and the order of its success.
    Cas(usize, [usize; 2], Ordering),
}

use Op::{Add, Cas, Fence, Load, Store, Swap};

impl Op {
    /// What the operation reads, if it reads.
    fn run(self, memory: &Memory) -> Option<usize> {
        match self {
            Store(at, value, order) => {
                memory[at].store(value, order);
                None
            }
            Fence(order) => {
                fence(order);
                None
            }
            Load(at, order) => Some(memory[at].load(order)),
            Add(at, value, order) => Some(memory[at].fetch_add(value, order)),
            Swap(at, value, order) => Some(memory[at].swap(value, order)),
            Cas(at, [current, new], order) => {
                let done = memory[at].compare_exchange(current, new, order, Relaxed);
                Some(done.unwrap_or_else(|found| found))
            }
        }
    }
}

/// Runs the threads, and returns what they read in each execution, and behind it the final values.
fn outcomes(threads: &[&[Op]]) -> (Outcomes, Report) {
    let seen: Arc<Mutex<Outcomes>> = Arc::default();
    let record = Arc::clone(&seen);
    let threads: Vec<Vec<Op>> = threads.iter().map(|ops| ops.to_vec()).collect();
    let mut builder = Builder::new();
    builder.check_duplicates = true;
    let report = builder.explore(move || {
        let memory: Arc<Memory> = Arc::new(core::array::from_fn(|_| AtomicUsize::new(0)));
        let spawn = |ops: &Vec<Op>| {
            let (ops, memory) = (ops.clone(), Arc::clone(&memory));
            thread::spawn(move || ops.iter().filter_map(|op| op.run(&memory)).collect::<Vec<_>>())
        };
        let handles: Vec<_> = threads.iter().map(spawn).collect();
        let mut outcome: Vec<usize> =
            handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect();
        outcome.extend(memory.iter().map(|variable| variable.load(Relaxed)));
        record.lock().unwrap().insert(outcome);
    });
    assert_eq!(report.verdict, Verdict::Exhausted);
    assert_eq!(report.blocked, 0);
    let seen = seen.lock().unwrap().clone();
    (seen, report)
}

/// The outcomes cut to the first values.
fn first(outcomes: &Outcomes, length: usize) -> Outcomes {
    outcomes.iter().map(|outcome| outcome[..length].to_vec()).collect()
}

/// The threads have exactly these outcomes, which may leave the last values out, in so many
/// executions.
fn expect(threads: &[&[Op]], allowed: &[&[usize]], executions: u64) {
    let (seen, report) = outcomes(threads);
    let length = allowed[0].len();
    let allowed: Outcomes = allowed.iter().map(|outcome| outcome.to_vec()).collect();
    assert_eq!((first(&seen, length), report.executions), (allowed, executions));
}

/// Whether an outcome begins with these values.
fn begins(outcomes: &Outcomes, with: &[usize]) -> bool {
    outcomes.iter().any(|outcome| outcome.starts_with(with))
}

#[test]
fn store_buffering() {
    for (store, load) in [(Relaxed, Relaxed), (Release, Acquire)] {
        let threads: [&[Op]; 2] =
            [&[Store(0, 1, store), Load(1, load)], &[Store(1, 1, store), Load(0, load)]];
        expect(&threads, &[&[0, 0], &[0, 1], &[1, 0], &[1, 1]], 4);
    }
}

#[test]
fn store_buffering_sequentially_consistent() {
    let expected: &[&[usize]] = &[&[0, 1], &[1, 0], &[1, 1]];
    let accesses: [&[Op]; 2] =
        [&[Store(0, 1, SeqCst), Load(1, SeqCst)], &[Store(1, 1, SeqCst), Load(0, SeqCst)]];
    expect(&accesses, expected, 3);
    let fenced: [&[Op]; 2] = [
        &[Store(0, 1, Relaxed), Fence(SeqCst), Load(1, Relaxed)],
        &[Store(1, 1, Relaxed), Fence(SeqCst), Load(0, Relaxed)],
    ];
    expect(&fenced, expected, 3);
    // A fence on one side only orders nothing.
    let one_sided = [fenced[0], &[Store(1, 1, Relaxed), Load(0, Relaxed)]];
    expect(&one_sided, &[&[0, 0], &[0, 1], &[1, 0], &[1, 1]], 4);
}

#[test]
fn message_passing() {
    let relaxed: [&[Op]; 2] =
        [&[Store(0, 1, Relaxed), Store(1, 1, Relaxed)], &[Load(1, Relaxed), Load(0, Relaxed)]];
    expect(&relaxed, &[&[0, 0], &[0, 1], &[1, 0], &[1, 1]], 4);
    let expected: &[&[usize]] = &[&[0, 0], &[0, 1], &[1, 1]];
    let released: [&[Op]; 2] =
        [&[Store(0, 1, Relaxed), Store(1, 1, Release)], &[Load(1, Acquire), Load(0, Relaxed)]];
    expect(&released, expected, 3);
    let fenced: [&[Op]; 2] = [
        &[Store(0, 1, Relaxed), Fence(Release), Store(1, 1, Relaxed)],
        &[Load(1, Relaxed), Fence(Acquire), Load(0, Relaxed)],
    ];
    expect(&fenced, expected, 3);
}

#[test]
fn load_buffering_is_forbidden() {
    let threads: [&[Op]; 2] =
        [&[Load(0, Relaxed), Store(1, 1, Relaxed)], &[Load(1, Relaxed), Store(0, 1, Relaxed)]];
    expect(&threads, &[&[0, 0], &[0, 1], &[1, 0]], 3);
}

#[test]
fn independent_reads_of_independent_writes() {
    for (store, load, executions) in [(Release, Acquire, 16), (SeqCst, SeqCst, 15)] {
        let (seen, report) = outcomes(&[
            &[Store(0, 1, store)],
            &[Store(1, 1, store)],
            &[Load(0, load), Load(1, load)],
            &[Load(1, load), Load(0, load)],
        ]);
        assert_eq!(begins(&seen, &[1, 0, 1, 0, 1, 1, 0]), load == Acquire);
        assert_eq!(report.executions, executions);
    }
}

#[test]
fn write_to_read_causality() {
    let (seen, report) = outcomes(&[
        &[Store(0, 1, Relaxed)],
        &[Load(0, Relaxed), Store(1, 1, Release)],
        &[Load(1, Acquire), Load(0, Relaxed)],
    ]);
    assert!(!begins(&seen, &[1, 1, 0]));
    assert_eq!(report.executions, 7);
}

#[test]
fn two_plus_two_writes() {
    let threads = |order| {
        [[Store(0, 1, order), Store(1, 2, order)], [Store(1, 1, order), Store(0, 2, order)]]
    };
    let [a, b] = threads(Relaxed);
    expect(&[&a, &b], &[&[1, 1], &[1, 2], &[2, 1], &[2, 2]], 4);
    let [a, b] = threads(SeqCst);
    let (seen, report) = outcomes(&[&a, &b]);
    assert!(!begins(&seen, &[1, 1, 0]));
    assert_eq!(report.executions, 3);
}

#[test]
fn coherence_of_reads() {
    let threads: [&[Op]; 2] =
        [&[Store(0, 1, Relaxed), Store(0, 2, Relaxed)], &[Load(0, Relaxed), Load(0, Relaxed)]];
    expect(&threads, &[&[0, 0], &[0, 1], &[0, 2], &[1, 1], &[1, 2], &[2, 2]], 6);
}

#[test]
fn writers_have_all_coherence_orders() {
    let write: &[Op] = &[Store(0, 1, Relaxed)];
    for (threads, orders) in [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120)] {
        let (_, report) = outcomes(&vec![write; threads]);
        assert_eq!(report.executions, orders);
    }
}

#[test]
fn increments_are_atomic() {
    let add: &[Op] = &[Add(0, 1, Relaxed)];
    for (threads, orders) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        let (seen, report) = outcomes(&vec![add; threads]);
        assert_eq!((seen.len() as u64, report.executions), (orders, orders));
        assert!(seen.iter().all(|outcome| outcome[threads] == threads));
    }
}

#[test]
fn one_compare_exchange_wins() {
    // The winner finds 0, and the others find what it wrote.
    let take: &[Op] = &[Cas(0, [0, 1], Relaxed)];
    expect(&[take; 3], &[&[1, 1, 0], &[1, 0, 1], &[0, 1, 1]], 3);
}

#[test]
fn a_failed_compare_exchange_may_read_an_old_value() {
    let threads: [&[Op]; 2] =
        [&[Store(0, 1, Relaxed), Store(0, 2, Relaxed)], &[Cas(0, [7, 8], AcqRel)]];
    expect(&threads, &[&[0, 2], &[1, 2], &[2, 2]], 3);
}

#[test]
fn release_sequences_go_through_rmws() {
    let (seen, _) = outcomes(&[
        &[Store(0, 1, Relaxed), Store(1, 1, Release)],
        &[Add(1, 1, Relaxed)],
        &[Load(1, Acquire), Load(0, Relaxed)],
    ]);
    assert!(begins(&seen, &[1, 2]));
    assert!(!begins(&seen, &[1, 2, 0]));
    // C++20: a relaxed store of the same thread is no part of the sequence.
    let (seen, _) = outcomes(&[
        &[Store(0, 1, Relaxed), Store(1, 1, Release), Store(1, 2, Relaxed)],
        &[Load(1, Acquire), Load(0, Relaxed)],
    ]);
    assert!(begins(&seen, &[2, 0]));
    assert!(!begins(&seen, &[1, 0]));
}

#[test]
fn store_buffering_with_an_rmw() {
    // If the swap reads the first value, it stands before the store of the first thread, whose load
    // must then see the second thread's store.
    let (seen, _) = outcomes(&[
        &[Store(0, 1, SeqCst), Load(1, SeqCst)],
        &[Store(1, 1, SeqCst), Swap(0, 2, SeqCst)],
    ]);
    assert!(!begins(&seen, &[0, 0]));
    assert_eq!(first(&seen, 2).len(), 3);
}
