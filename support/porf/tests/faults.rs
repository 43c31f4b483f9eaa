//! What a model must not do, and how it is reported.

use core::cell::Cell;
use std::sync::Arc;

use porf::alloc::Track;
use porf::cell::UnsafeCell;
use porf::model::{Builder, Limit, Verdict, model};
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use porf::thread;

/// A cell that two threads use.
struct Shared(UnsafeCell<usize>, AtomicUsize);
// SAFETY: the tests are about whether the accesses race, and porf runs one thread at a time.
unsafe impl Sync for Shared {}

fn share() -> Arc<Shared> {
    Arc::new(Shared(UnsafeCell::new(0), AtomicUsize::new(0)))
}

/// Two threads; the second one reads the cell if it reads the flag as 1.
fn passed_by(release: porf::sync::atomic::Ordering) {
    model(move || {
        let shared = share();
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            // SAFETY: porf runs one thread at a time.
            other.0.with_mut(|value| unsafe { *value = 1 });
            other.1.store(1, release);
        });
        if shared.1.load(Acquire) == 1 {
            // SAFETY: as above.
            assert_eq!(shared.0.with(|value| unsafe { *value }), 1);
        }
        handle.join().unwrap();
    });
}

#[test]
fn a_release_passes_a_cell_on() {
    passed_by(Release);
}

#[test]
#[should_panic(
    expected = "Concurrent read and write accesses to `UnsafeCell`: read by thread 0 at support"
)]
fn a_race_of_a_read_and_a_write() {
    passed_by(Relaxed);
}

#[test]
#[should_panic(expected = "Concurrent write accesses to `UnsafeCell`")]
fn a_race_of_two_writes() {
    model(|| {
        let shared = share();
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || other.0.with_mut(|_| ()));
        shared.0.with_mut(|_| ());
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "Concurrent write accesses to `UnsafeCell`")]
fn a_race_of_a_write_and_into_inner() {
    struct Pointer(*mut UnsafeCell<u32>);
    model(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let cell = Box::into_raw(Box::new(UnsafeCell::new(5)));
        let pointer = Pointer(cell);
        let handle = thread::spawn(move || {
            let Pointer(cell) = pointer;
            // SAFETY: porf runs one thread at a time, and the flag is not set yet.
            unsafe { &*cell }.with_mut(|value| unsafe { *value = 6 });
            other.store(1, Relaxed);
        });
        if flag.load(Relaxed) == 1 {
            // SAFETY: the other thread is done with the cell. That it has not been acquired is
            // what the model reports.
            unsafe { Box::from_raw(cell) }.into_inner();
        }
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "not acquired its creation")]
fn an_atomic_that_was_not_passed_on() {
    model(|| {
        let pointer = Arc::new(porf::sync::atomic::AtomicPtr::new(core::ptr::null_mut()));
        let other = Arc::clone(&pointer);
        let handle = thread::spawn(move || {
            other.store(Box::into_raw(Box::new(AtomicUsize::new(1))), Relaxed);
        });
        let got = pointer.load(Relaxed);
        if !got.is_null() {
            // SAFETY: the box is never freed.
            unsafe { &*got }.load(Relaxed);
        }
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "the second of them")]
fn a_panic_in_a_thread() {
    model(|| {
        let handle = thread::spawn(|| panic!("the second of them"));
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "Arc leaked (made at ")]
fn a_leaked_reference() {
    model(|| core::mem::forget(porf::sync::Arc::new(String::new())));
}

#[test]
#[should_panic(expected = "Track leaked")]
fn a_leaked_value() {
    model(|| core::mem::forget(Track::new(0)));
}

#[test]
#[should_panic(expected = "more than 3 threads")]
fn too_many_threads() {
    let mut builder = Builder::new();
    builder.max_threads = 3;
    builder.check(|| {
        for _ in 0..3 {
            drop(thread::spawn(|| ()));
        }
    });
}

#[test]
fn limits_are_not_passes() {
    let endless = || loop {
        AtomicUsize::new(0);
    };
    let mut builder = Builder::new();
    builder.max_branches = 100;
    assert_eq!(builder.explore(endless).verdict, Verdict::NotFinished(Limit::Events(100)));

    let many = || {
        let variable = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..4)
            .map(|_| {
                let variable = Arc::clone(&variable);
                thread::spawn(move || variable.fetch_add(1, Relaxed))
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    };
    let mut builder = Builder::new();
    builder.max_permutations = Some(23);
    let report = builder.explore(many);
    assert_eq!(report.verdict, Verdict::NotFinished(Limit::Executions(23)));
    assert_eq!(report.executions, 23);
    builder.max_permutations = Some(24);
    assert_eq!(builder.explore(many).verdict, Verdict::Exhausted);

    let mut builder = Builder::new();
    builder.max_permutations = Some(3);
    let refused = std::panic::catch_unwind(|| builder.check(many)).unwrap_err();
    assert!(refused.downcast::<String>().unwrap().contains("not finished"));
}

#[test]
#[should_panic(expected = "does not repeat itself")]
fn a_model_that_differs_from_run_to_run() {
    std::thread_local! { static RUNS: Cell<usize> = const { Cell::new(0) }; }
    model(|| {
        RUNS.set(RUNS.get() + 1);
        let variable = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&variable);
        let handle = thread::spawn(move || {
            if RUNS.get() % 2 == 1 {
                other.store(1, Relaxed);
            } else {
                other.load(Relaxed);
            }
        });
        variable.load(Relaxed);
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "does not repeat itself")]
fn a_model_that_uses_another_variable_from_run_to_run() {
    std::thread_local! { static RUNS: Cell<usize> = const { Cell::new(0) }; }
    model(|| {
        RUNS.set(RUNS.get() + 1);
        let variables = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let others = Arc::clone(&variables);
        let handle = thread::spawn(move || others[RUNS.get() % 2].store(1, Relaxed));
        variables[0].load(Relaxed);
        variables[1].load(Relaxed);
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "cannot run another model")]
fn a_model_in_a_model() {
    model(|| model(|| ()));
}

#[test]
#[should_panic(expected = "outside of a model")]
fn an_atomic_outside_of_a_model() {
    AtomicUsize::new(0);
}
