//! Values that belong to threads and executions: thread-locals, statics, counted references,
//! futures, and threads that spawn threads.

mod common;

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use std::collections::BTreeSet;
use std::sync::Mutex as Plain;

use porf::future::{AtomicWaker, block_on};
use porf::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use porf::sync::atomic::{AtomicBool, AtomicUsize};
use porf::sync::{Arc, Mutex, OnceLock};
use porf::thread;

use common::explore;

porf::thread_local! {
    static NAMES: RefCell<Vec<u32>> = RefCell::new(Vec::new());
}

porf::lazy_static! {
    static ref STARTED: AtomicUsize = AtomicUsize::new(7);
}

#[test]
fn each_thread_has_its_own_locals() {
    let report = explore(|| {
        NAMES.with(|names| names.borrow_mut().push(1));
        let handle = thread::spawn(|| {
            NAMES.with(|names| {
                names.borrow_mut().push(2);
                assert_eq!(*names.borrow(), [2]);
            });
        });
        handle.join().unwrap();
        NAMES.with(|names| assert_eq!(*names.borrow(), [1]));
    });
    assert_eq!(report.executions, 1);
}

/// Tells that it was dropped.
struct Tells(Arc<AtomicUsize>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

porf::thread_local! {
    static LAST: RefCell<Option<Tells>> = RefCell::new(None);
}

#[test]
fn locals_are_dropped_before_the_join() {
    explore(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let tells = Tells(Arc::clone(&dropped));
        let handle = thread::spawn(move || {
            LAST.with(|last| *last.borrow_mut() = Some(tells));
        });
        handle.join().unwrap();
        assert_eq!(dropped.load(Relaxed), 1);
    });
}

porf::thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
    static COUNTS: Counts = Counts;
}

/// Uses a thread-local value without a destructor, and a static.
struct Counts;

impl Drop for Counts {
    fn drop(&mut self) {
        COUNT.with(|count| assert_eq!(count.get(), 1));
        STARTED.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_destructor_uses_a_local_without_one_and_a_static() {
    let report = explore(|| {
        let count = || {
            COUNT.with(|count| count.set(1));
            COUNTS.with(|_| ());
        };
        thread::spawn(count).join().unwrap();
        assert_eq!(STARTED.load(Relaxed), 8);
        count();
    });
    assert_eq!(report.executions, 1);
}

#[test]
fn a_static_is_made_once_in_each_execution() {
    explore(|| {
        let handle = thread::spawn(|| STARTED.fetch_add(1, Relaxed));
        let mine = STARTED.fetch_add(1, Relaxed);
        let theirs = handle.join().unwrap();
        assert_eq!(mine + theirs, 15);
        assert_eq!(STARTED.load(Relaxed), 9);
    });
}

/// Which thread wrote it, and a cell that the writer alone writes.
static FIRST: OnceLock<(u32, porf::cell::UnsafeCell<u32>)> = OnceLock::new();

fn first(thread: u32) -> u32 {
    let (writer, cell) = FIRST.get_or_init(|| {
        let cell = porf::cell::UnsafeCell::new(0);
        // SAFETY: nobody else has it.
        cell.with_mut(|cell| unsafe { *cell = thread });
        (thread, cell)
    });
    // SAFETY: no thread writes it any more, which is what is checked.
    assert_eq!(cell.with(|cell| unsafe { *cell }), *writer);
    *writer
}

#[test]
fn a_once_lock_is_written_once_in_each_execution() {
    static SEEN: Plain<BTreeSet<(bool, u32)>> = Plain::new(BTreeSet::new());
    explore(|| {
        let handle = thread::spawn(|| first(2));
        let before = FIRST.get().is_some();
        let writer = first(1);
        assert_eq!(handle.join().unwrap(), writer);
        assert!(FIRST.get().is_some());
        SEEN.lock().unwrap().insert((before, writer));
    });
    assert_eq!(*SEEN.lock().unwrap(), BTreeSet::from([(false, 1), (false, 2), (true, 2)]));
}

#[test]
fn the_last_reference_drops_the_value() {
    explore(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let value = Arc::new(Tells(Arc::clone(&dropped)));
        let other = Arc::clone(&value);
        let handle = thread::spawn(move || drop(other));
        drop(value);
        handle.join().unwrap();
        assert_eq!(dropped.load(Relaxed), 1);
        assert_eq!(Arc::try_unwrap(dropped).unwrap().into_inner(), 1);
    });
}

#[test]
fn threads_spawn_threads() {
    let seen: std::sync::Arc<Plain<BTreeSet<Vec<usize>>>> = std::sync::Arc::default();
    let record = std::sync::Arc::clone(&seen);
    let report = explore(move || {
        let number = Arc::new(AtomicUsize::new(0));
        let parent = |number: Arc<AtomicUsize>| {
            let mine = number.fetch_add(1, Relaxed);
            let child = thread::spawn(move || number.fetch_add(1, Relaxed));
            (mine, child.join().unwrap())
        };
        let (first, second) = (Arc::clone(&number), Arc::clone(&number));
        let first = thread::spawn(move || parent(first));
        let second = thread::spawn(move || parent(second));
        let (first, second) = (first.join().unwrap(), second.join().unwrap());
        assert!(first.0 < first.1 && second.0 < second.1);
        record.lock().unwrap().insert(vec![first.0, first.1, second.0, second.1]);
    });
    // The orders of four increments in which each parent comes before its child.
    assert_eq!((report.executions, report.blocked), (6, 0));
    assert_eq!(seen.lock().unwrap().len(), 6);
}

#[test]
fn a_future_is_woken() {
    explore(|| {
        let shared = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            other.0.store(true, Release);
            other.1.wake();
        });
        block_on(poll_fn(|context| {
            shared.1.register_by_ref(context.waker());
            if shared.0.load(Acquire) { Poll::Ready(()) } else { Poll::Pending }
        }));
        handle.join().unwrap();
    });
}

#[test]
fn a_lock_in_a_counted_reference() {
    let report = explore(|| {
        let lock = Arc::new(Mutex::new(0));
        let other = Arc::clone(&lock);
        let handle = thread::spawn(move || *other.lock().unwrap() += 1);
        *lock.lock().unwrap() += 1;
        handle.join().unwrap();
        assert_eq!(*lock.lock().unwrap(), 2);
    });
    assert_eq!((report.executions, report.blocked), (2, 0));
}

#[test]
fn get_mut_sees_every_count_of_a_value_that_needs_no_drop() {
    let seen: std::sync::Arc<Plain<BTreeSet<bool>>> = std::sync::Arc::default();
    let record = std::sync::Arc::clone(&seen);
    explore(move || {
        let mut counted = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&counted);
        let handle = thread::spawn(move || {
            other.store(1, Relaxed);
            drop(other);
        });
        let is_only = Arc::get_mut(&mut counted).is_some();
        handle.join().unwrap();
        record.lock().unwrap().insert(is_only);
    });
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([false, true]));
}

#[test]
fn try_unwrap_of_a_value_that_needs_no_drop_repeats_itself() {
    explore(|| {
        let counted = Arc::new(core::array::from_fn::<_, 4, _>(|_| AtomicUsize::new(0)));
        let other = Arc::clone(&counted);
        let flags = std::sync::Arc::new([0; 4].map(AtomicUsize::new));
        let theirs = std::sync::Arc::clone(&flags);
        thread::spawn(move || {
            theirs[0].store(1, Relaxed);
            theirs[1].load(Relaxed);
            drop(other);
        });
        if flags[0].load(Relaxed) == 1 {
            if Arc::try_unwrap(counted).is_ok() {
                flags[2].store(1, Relaxed);
            } else {
                flags[3].load(Relaxed);
            }
            flags[1].store(1, Relaxed);
        }
    });
}
