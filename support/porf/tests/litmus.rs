//! Classic litmus tests: the outcomes that RC11 allows, and how many executions there are.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use porf::model::{Builder, Report, Verdict};
use porf::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use porf::sync::atomic::{AtomicUsize, fence};
use porf::thread;

/// The variables of a test.
type Memory = Arc<[AtomicUsize; 3]>;
type Body = fn(&Memory) -> Vec<usize>;

/// Runs the threads, and returns what they returned in each execution, and the final values.
fn outcomes(threads: &[Body]) -> (BTreeSet<Vec<usize>>, Report) {
    let seen: Arc<Mutex<BTreeSet<Vec<usize>>>> = Arc::default();
    let (record, threads) = (Arc::clone(&seen), threads.to_vec());
    let mut builder = Builder::new();
    builder.check_duplicates = true;
    let report = builder.explore(move || {
        let memory: Memory = Arc::new(core::array::from_fn(|_| AtomicUsize::new(0)));
        let handles: Vec<_> = threads
            .iter()
            .map(|&body| {
                let memory = Arc::clone(&memory);
                thread::spawn(move || body(&memory))
            })
            .collect();
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
fn first(outcomes: &BTreeSet<Vec<usize>>, length: usize) -> BTreeSet<Vec<usize>> {
    outcomes.iter().map(|outcome| outcome[..length].to_vec()).collect()
}

fn all(of: &[&[usize]]) -> BTreeSet<Vec<usize>> {
    of.iter().map(|outcome| outcome.to_vec()).collect()
}

fn set(memory: &Memory, at: usize, value: usize, order: Ordering) {
    memory[at].store(value, order);
}

#[test]
fn store_buffering() {
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            vec![m[1].load(Relaxed)]
        },
        |m| {
            set(m, 1, 1, Relaxed);
            vec![m[0].load(Relaxed)]
        },
    ]);
    assert_eq!(first(&seen, 2), all(&[&[0, 0], &[0, 1], &[1, 0], &[1, 1]]));
    assert_eq!(report.executions, 4);
    let (_, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Release);
            vec![m[1].load(Acquire)]
        },
        |m| {
            set(m, 1, 1, Release);
            vec![m[0].load(Acquire)]
        },
    ]);
    assert_eq!(report.executions, 4);
}

#[test]
fn store_buffering_sequentially_consistent() {
    let expected = all(&[&[0, 1], &[1, 0], &[1, 1]]);
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, SeqCst);
            vec![m[1].load(SeqCst)]
        },
        |m| {
            set(m, 1, 1, SeqCst);
            vec![m[0].load(SeqCst)]
        },
    ]);
    assert_eq!((first(&seen, 2), report.executions), (expected.clone(), 3));
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            fence(SeqCst);
            vec![m[1].load(Relaxed)]
        },
        |m| {
            set(m, 1, 1, Relaxed);
            fence(SeqCst);
            vec![m[0].load(Relaxed)]
        },
    ]);
    assert_eq!((first(&seen, 2), report.executions), (expected, 3));
    // A fence on one side only orders nothing.
    let (_, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            fence(SeqCst);
            vec![m[1].load(Relaxed)]
        },
        |m| {
            set(m, 1, 1, Relaxed);
            vec![m[0].load(Relaxed)]
        },
    ]);
    assert_eq!(report.executions, 4);
}

#[test]
fn message_passing() {
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 1, 1, Relaxed);
            vec![]
        },
        |m| vec![m[1].load(Relaxed), m[0].load(Relaxed)],
    ]);
    assert_eq!((seen.len(), report.executions), (4, 4));
    let expected = all(&[&[0, 0], &[0, 1], &[1, 1]]);
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 1, 1, Release);
            vec![]
        },
        |m| vec![m[1].load(Acquire), m[0].load(Relaxed)],
    ]);
    assert_eq!((first(&seen, 2), report.executions), (expected.clone(), 3));
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            fence(Release);
            set(m, 1, 1, Relaxed);
            vec![]
        },
        |m| {
            let flag = m[1].load(Relaxed);
            fence(Acquire);
            vec![flag, m[0].load(Relaxed)]
        },
    ]);
    assert_eq!((first(&seen, 2), report.executions), (expected, 3));
}

#[test]
fn load_buffering_is_forbidden() {
    let (seen, report) = outcomes(&[
        |m| {
            let x = m[0].load(Relaxed);
            set(m, 1, 1, Relaxed);
            vec![x]
        },
        |m| {
            let y = m[1].load(Relaxed);
            set(m, 0, 1, Relaxed);
            vec![y]
        },
    ]);
    assert_eq!(first(&seen, 2), all(&[&[0, 0], &[0, 1], &[1, 0]]));
    assert_eq!(report.executions, 3);
}

#[test]
fn independent_reads_of_independent_writes() {
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Release);
            vec![]
        },
        |m| {
            set(m, 1, 1, Release);
            vec![]
        },
        |m| vec![m[0].load(Acquire), m[1].load(Acquire)],
        |m| vec![m[1].load(Acquire), m[0].load(Acquire)],
    ]);
    assert!(seen.contains(&vec![1, 0, 1, 0, 1, 1, 0]));
    assert_eq!(report.executions, 16);
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, SeqCst);
            vec![]
        },
        |m| {
            set(m, 1, 1, SeqCst);
            vec![]
        },
        |m| vec![m[0].load(SeqCst), m[1].load(SeqCst)],
        |m| vec![m[1].load(SeqCst), m[0].load(SeqCst)],
    ]);
    assert!(!seen.contains(&vec![1, 0, 1, 0, 1, 1, 0]));
    assert_eq!(report.executions, 15);
}

#[test]
fn write_to_read_causality() {
    let body: [Body; 3] = [
        |m| {
            set(m, 0, 1, Relaxed);
            vec![]
        },
        |m| {
            let x = m[0].load(Relaxed);
            set(m, 1, 1, Release);
            vec![x]
        },
        |m| vec![m[1].load(Acquire), m[0].load(Relaxed)],
    ];
    let (seen, report) = outcomes(&body);
    assert!(!first(&seen, 3).contains(&vec![1, 1, 0]));
    assert_eq!(report.executions, 7);
}

#[test]
fn two_plus_two_writes() {
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 1, 2, Relaxed);
            vec![]
        },
        |m| {
            set(m, 1, 1, Relaxed);
            set(m, 0, 2, Relaxed);
            vec![]
        },
    ]);
    assert_eq!(first(&seen, 2), all(&[&[1, 1], &[1, 2], &[2, 1], &[2, 2]]));
    assert_eq!(report.executions, 4);
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, SeqCst);
            set(m, 1, 2, SeqCst);
            vec![]
        },
        |m| {
            set(m, 1, 1, SeqCst);
            set(m, 0, 2, SeqCst);
            vec![]
        },
    ]);
    assert!(!seen.contains(&vec![1, 1, 0]));
    assert_eq!(report.executions, 3);
}

#[test]
fn coherence_of_reads() {
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 0, 2, Relaxed);
            vec![]
        },
        |m| vec![m[0].load(Relaxed), m[0].load(Relaxed)],
    ]);
    let expected = all(&[&[0, 0], &[0, 1], &[0, 2], &[1, 1], &[1, 2], &[2, 2]]);
    assert_eq!((first(&seen, 2), report.executions), (expected, 6));
}

#[test]
fn writers_have_all_coherence_orders() {
    let write: Body = |m| {
        set(m, 0, 1, Relaxed);
        vec![]
    };
    for (threads, orders) in [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120)] {
        let (_, report) = outcomes(&vec![write; threads]);
        assert_eq!(report.executions, orders);
    }
}

#[test]
fn increments_are_atomic() {
    let add: Body = |m| vec![m[0].fetch_add(1, Relaxed)];
    for (threads, orders) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        let (seen, report) = outcomes(&vec![add; threads]);
        assert_eq!((seen.len() as u64, report.executions), (orders, orders));
        assert!(seen.iter().all(|outcome| outcome[threads] == threads));
    }
}

#[test]
fn one_compare_exchange_wins() {
    let take: Body = |m| vec![m[0].compare_exchange(0, 1, Relaxed, Relaxed).is_ok().into()];
    let (seen, report) = outcomes(&[take; 3]);
    assert_eq!(first(&seen, 3), all(&[&[0, 0, 1], &[0, 1, 0], &[1, 0, 0]]));
    assert_eq!(report.executions, 3);
}

#[test]
fn a_failed_compare_exchange_may_read_an_old_value() {
    let (seen, report) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 0, 2, Relaxed);
            vec![]
        },
        |m| vec![m[0].compare_exchange(7, 8, AcqRel, Relaxed).unwrap_err()],
    ]);
    assert_eq!((first(&seen, 1), report.executions), (all(&[&[0], &[1], &[2]]), 3));
}

#[test]
fn release_sequences_go_through_rmws() {
    let (seen, _) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 1, 1, Release);
            vec![]
        },
        |m| vec![m[1].fetch_add(1, Relaxed)],
        |m| vec![m[1].load(Acquire), m[0].load(Relaxed)],
    ]);
    assert!(seen.iter().any(|outcome| outcome[..2] == [1, 2]));
    assert!(!seen.iter().any(|outcome| outcome[..3] == [1, 2, 0]));
    // C++20: a relaxed store of the same thread is no part of the sequence.
    let (seen, _) = outcomes(&[
        |m| {
            set(m, 0, 1, Relaxed);
            set(m, 1, 1, Release);
            set(m, 1, 2, Relaxed);
            vec![]
        },
        |m| vec![m[1].load(Acquire), m[0].load(Relaxed)],
    ]);
    assert!(first(&seen, 2).contains(&vec![2, 0]));
    assert!(!first(&seen, 2).contains(&vec![1, 0]));
}

#[test]
fn store_buffering_with_an_rmw() {
    // If the swap reads the first value, it stands before the store of the first thread, whose load
    // must then see the second thread's store.
    let (seen, _) = outcomes(&[
        |m| {
            set(m, 0, 1, SeqCst);
            vec![m[1].load(SeqCst)]
        },
        |m| {
            set(m, 1, 1, SeqCst);
            vec![m[0].swap(2, SeqCst)]
        },
    ]);
    assert_eq!(first(&seen, 2), all(&[&[0, 1], &[1, 0], &[1, 1]]));
}
