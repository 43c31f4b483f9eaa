//! Loops that wait for another thread.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use porf::model::{Builder, Limit, Verdict};
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use porf::{hint, thread};

use common::explore;

#[test]
fn a_loop_that_waits_is_not_unrolled() {
    let report = explore(|| {
        let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            other[0].store(1, Relaxed);
            other[1].store(1, Release);
        });
        while shared[1].load(Acquire) == 0 {
            hint::spin_loop();
        }
        assert_eq!(shared[0].load(Relaxed), 1);
        handle.join().unwrap();
    });
    assert_eq!(report.executions, 1);
}

#[test]
fn a_spin_lock_has_as_many_executions_as_orders() {
    for (threads, orders) in [(2, 2), (3, 6)] {
        let report = explore(move || {
            let lock = Arc::new(AtomicUsize::new(0));
            let body = |lock: &AtomicUsize| {
                while lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
                    hint::spin_loop();
                }
                lock.store(0, Release);
            };
            let handles: Vec<_> = (0..threads)
                .map(|_| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || body(&lock))
                })
                .collect();
            for handle in handles {
                handle.join().unwrap();
            }
        });
        assert_eq!(report.executions, orders);
    }
}

#[test]
#[should_panic(expected = "spins for ever")]
fn a_dead_spin_is_reported() {
    explore(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let handle = thread::spawn(move || other.store(2, Relaxed));
        while flag.load(Relaxed) != 1 {
            thread::yield_now();
        }
        handle.join().unwrap();
    });
}

#[test]
fn a_loop_that_gives_up_is_unrolled() {
    let seen: Arc<Mutex<BTreeSet<usize>>> = Arc::default();
    let record = Arc::clone(&seen);
    let report = explore(move || {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let handle = thread::spawn(move || other.store(1, Relaxed));
        let mut turns = 0;
        while turns < 3 && flag.load(Relaxed) == 0 {
            turns += 1;
            thread::yield_now();
        }
        handle.join().unwrap();
        record.lock().unwrap().insert(turns);
    });
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([0, 1, 2, 3]));
    assert_eq!(report.executions, 4);
}

#[test]
fn a_loop_that_writes_is_unrolled() {
    let seen: Arc<Mutex<BTreeSet<usize>>> = Arc::default();
    let record = Arc::clone(&seen);
    explore(move || {
        let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || other[0].store(1, Relaxed));
        while shared[0].load(Relaxed) == 0 && shared[1].load(Relaxed) < 3 {
            shared[1].fetch_add(1, Relaxed);
            thread::yield_now();
        }
        handle.join().unwrap();
        record.lock().unwrap().insert(shared[1].load(Relaxed));
    });
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([0, 1, 2, 3]));
}

#[test]
fn a_loop_without_a_yield_is_not_finished() {
    let mut builder = Builder::new();
    builder.max_branches = 40;
    let report = builder.explore(move || {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let handle = thread::spawn(move || other.store(1, Relaxed));
        while flag.load(Relaxed) == 0 {}
        handle.join().unwrap();
    });
    assert_eq!(report.verdict, Verdict::NotFinished(Limit::Events(40)));
}

#[test]
fn a_yield_outside_of_a_loop_does_not_wait() {
    let report = explore(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let handle = thread::spawn(move || other.store(1, Relaxed));
        let first = flag.load(Relaxed);
        thread::yield_now();
        assert!(flag.load(Relaxed) >= first);
        handle.join().unwrap();
    });
    assert_eq!(report.executions, 3);
}

/// Waits for the flag, `limit` turns long.
fn wait(flag: &AtomicUsize, limit: usize) -> bool {
    for _ in 0..limit {
        if flag.load(Relaxed) == 1 {
            return true;
        }
        hint::spin_loop();
    }
    false
}

/// A flag that another thread sets to `values`, one after the other.
fn written(values: &'static [usize]) -> (Arc<AtomicUsize>, thread::JoinHandle<()>) {
    let flag = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&flag);
    let write = move || values.iter().for_each(|&value| other.store(value, Relaxed));
    (flag, thread::spawn(write))
}

/// Asserts that the model's loops are unrolled, and never end.
fn is_endless(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.max_branches = 60;
    assert_eq!(builder.explore(model).verdict, Verdict::NotFinished(Limit::Events(60)));
}

#[test]
fn a_loop_that_gives_up_for_one_value_only_is_unrolled() {
    is_endless(|| {
        let (flag, handle) = written(&[1, 2]);
        let mut turns = 0;
        loop {
            match flag.load(Relaxed) {
                2 => break,
                1 if turns == 2 => break,
                1 => turns += 1,
                _ => {}
            }
            thread::yield_now();
        }
        handle.join().unwrap();
    });
}

#[test]
fn a_loop_with_a_limit_is_unrolled_though_another_call_has_none() {
    is_endless(|| {
        let (flag, handle) = written(&[1]);
        wait(&flag, usize::MAX);
        handle.join().unwrap();
        let (flag, handle) = written(&[1]);
        wait(&flag, 3);
        handle.join().unwrap();
    });
}

#[test]
fn a_loop_that_gives_up_after_a_hundred_turns_is_unrolled() {
    let seen: Arc<Mutex<BTreeSet<bool>>> = Arc::default();
    let record = Arc::clone(&seen);
    let report = explore(move || {
        let (flag, handle) = written(&[1]);
        let got = wait(&flag, 100);
        handle.join().unwrap();
        record.lock().unwrap().insert(got);
    });
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([false, true]));
    assert_eq!(report.executions, 101);
}

/// The loop shares the line of the yield, so both are unrolled.
#[test]
fn a_yield_outside_of_a_loop_is_no_dead_spin() {
    fn pause() {
        thread::yield_now();
    }
    is_endless(|| {
        let (flag, handle) = written(&[1]);
        while flag.load(Relaxed) == 0 {
            pause();
        }
        handle.join().unwrap();
        let value = flag.load(Relaxed);
        pause();
        assert_eq!(flag.load(Relaxed), value);
    });
}

#[test]
fn a_loop_that_yields_once_is_not_finished() {
    is_endless(|| {
        let (flag, handle) = written(&[1]);
        let mut first = true;
        while flag.load(Relaxed) == 0 {
            if first {
                first = false;
                thread::yield_now();
            }
        }
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "spins for ever")]
fn a_stale_read_before_a_loop_does_not_hide_a_dead_spin() {
    explore(|| {
        let never = Arc::new(AtomicUsize::new(0));
        let (flag, handle) = written(&[1]);
        if flag.load(Relaxed) == 0 {
            while never.load(Relaxed) == 0 {
                thread::yield_now();
            }
        }
        handle.join().unwrap();
    });
}

#[test]
fn park_waits_for_unpark() {
    let report = explore(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let parked = thread::spawn(move || {
            thread::park();
            assert_eq!(other.load(Relaxed), 1);
        });
        flag.store(1, Relaxed);
        parked.thread().unpark();
        parked.join().unwrap();
    });
    assert_eq!(report.executions, 1);
}

#[test]
fn what_is_assumed_false_is_left_out() {
    let report = explore(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let handle = thread::spawn(move || other.store(1, Relaxed));
        porf::model::assume(flag.load(Relaxed) == 1);
        handle.join().unwrap();
    });
    assert_eq!((report.executions, report.blocked), (1, 1));
}
