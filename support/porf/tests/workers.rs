//! Several workers explore what one would, each execution once.

use core::panic::AssertUnwindSafe;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Arc;

use porf::model::{Builder, Limit, Report, Told, Verdict};
use porf::sync::Mutex;
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use porf::thread;

fn builder(workers: usize) -> Builder {
    let mut builder = Builder::new();
    builder.workers = Some(workers);
    builder.check_duplicates = true;
    builder
}

/// The report, and how many executions had which outcome.
fn explored<T: Ord + Send + 'static>(
    workers: usize,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> (Report, BTreeMap<T, u64>) {
    let mut seen = BTreeMap::new();
    let report = builder(workers).explore_outcomes(model, |told| match told {
        Told::Execution(outcome) => *seen.entry(outcome).or_default() += 1,
        Told::Anew => seen.clear(),
    });
    (report, seen)
}

/// Whatever the number of workers, report and outcomes are those of one.
fn same_by_all<T: Ord + Send + core::fmt::Debug + 'static>(
    model: impl Fn() -> T + Clone + Send + Sync + 'static,
) {
    let alone = explored(1, model.clone());
    assert_eq!(alone.0.verdict, Verdict::Exhausted);
    for workers in [2, 3, 8] {
        assert_eq!(explored(workers, model.clone()), alone, "{workers} workers");
    }
}

/// Each of three threads adds to two counters, and reads them.
fn counters() -> Vec<usize> {
    let counters = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let all = (0..3).map(|number| {
        let counters = Arc::clone(&counters);
        thread::spawn(move || {
            counters[number % 2].fetch_add(1, Relaxed);
            counters[0].load(Relaxed) * 4 + counters[1].load(Relaxed)
        })
    });
    all.collect::<Vec<_>>().into_iter().map(|one| one.join().unwrap()).collect()
}

/// So many executions that the other workers have begun before one has explored them all.
fn many() {
    let shared = Arc::new(AtomicUsize::new(0));
    let add = || {
        let shared = Arc::clone(&shared);
        thread::spawn(move || (0..5).map(|_| shared.fetch_add(1, Relaxed)).sum::<usize>())
    };
    for one in [add(), add()] {
        one.join().unwrap();
    }
}

#[test]
fn reads_and_rmws() {
    same_by_all(counters);
}

/// Which threads there are depends on what others read, so workers meet them in another order.
#[test]
fn threads_and_statics_that_only_some_executions_have() {
    porf::lazy_static! {
        static ref FIRST: AtomicUsize = AtomicUsize::new(0);
        static ref SECOND: AtomicUsize = AtomicUsize::new(0);
    }
    same_by_all(|| {
        many();
        let shared = Arc::new(AtomicUsize::new(0));
        let body = |write: usize, counter: fn() -> &'static AtomicUsize| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let seen = shared.swap(write, Relaxed);
                if seen != 0 {
                    return (seen, counter().fetch_add(1, Relaxed));
                }
                let child = thread::spawn(move || counter().fetch_add(10, Relaxed));
                (0, child.join().unwrap())
            })
        };
        let handles = [body(1, || &FIRST), body(2, || &SECOND)];
        let seen = handles.map(|handle| handle.join().unwrap());
        (seen, FIRST.load(Relaxed), SECOND.load(Relaxed))
    });
}

#[test]
fn locks() {
    same_by_all(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let handles = [0, 1, 2].map(|number| {
            let order = Arc::clone(&order);
            thread::spawn(move || order.lock().unwrap().push(number))
        });
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        let order = order.lock().unwrap();
        order.clone()
    });
}

/// The loop gives up, which the exploration finds out in one of the last executions. Then all workers
/// begin anew, and what was told before is void.
#[test]
fn a_loop_that_must_be_unrolled() {
    same_by_all(|| {
        let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            other[0].store(1, Relaxed);
            other[1].store(1, Relaxed);
        });
        let value = shared[0].load(Relaxed);
        let mut turns = 0;
        while value == 1 && shared[1].load(Relaxed) == 0 && turns < 3 {
            turns += 1;
            thread::yield_now();
        }
        handle.join().unwrap();
        many();
        (value, turns)
    });
}

#[test]
fn a_failure_of_any_worker_is_the_failure_of_the_model() {
    for workers in [1, 2, 8] {
        let failed = catch_unwind(AssertUnwindSafe(|| {
            builder(workers).check(|| {
                many();
                let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
                let other = Arc::clone(&shared);
                let handle = thread::spawn(move || {
                    other[0].store(1, Relaxed);
                    other[1].store(1, Release);
                });
                if shared[1].load(Relaxed) == 1 {
                    assert_eq!(shared[0].load(Acquire), 1, "not published");
                }
                handle.join().unwrap();
            });
        }));
        let message = *failed.expect_err("it fails").downcast::<String>().expect("a text");
        assert!(message.contains("not published"), "{message}");
    }
}

#[test]
fn a_limit_stops_all_workers() {
    for workers in [1, 2, 8] {
        let mut few = builder(workers);
        few.max_permutations = Some(100);
        let report = few.explore(many);
        assert_eq!(report.verdict, Verdict::NotFinished(Limit::Executions(100)));
        // Each of the others may be in a run when the last one that counts ends.
        assert!((100..100 + workers as u64).contains(&report.executions), "{report:?}");
    }
}

#[test]
fn no_worker_is_one() {
    let (report, _) = explored(0, counters);
    assert_eq!(report, explored(1, counters).0);
}
