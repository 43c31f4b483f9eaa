//! What is left of a run that ends early, and what an exploration that begins anew leaves.

use core::cell::RefCell;
use std::sync::Arc;

use porf::model::{Builder, Limit, Verdict, model};
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::Relaxed;
use porf::sync::{Arc as Counted, Mutex};
use porf::{hint, thread};

struct Locks(Arc<Mutex<u32>>);

impl Drop for Locks {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

#[test]
#[should_panic(expected = "boom")]
fn a_thread_that_never_began_takes_no_lock() {
    model(|| {
        let lock = Arc::new(Mutex::new(0));
        let locks = Locks(Arc::clone(&lock));
        thread::spawn(move || drop(locks));
        let _guard = lock.lock().unwrap();
        panic!("boom");
    });
}

#[test]
fn a_limit_ends_a_thread_that_never_began() {
    let mut builder = Builder::new();
    builder.max_branches = 30;
    let report = builder.explore(|| {
        let counted = Counted::new(String::from("x"));
        let other = Counted::clone(&counted);
        thread::spawn(move || drop(other));
        loop {
            AtomicUsize::new(counted.len());
        }
    });
    assert_eq!(report.verdict, Verdict::NotFinished(Limit::Events(30)));
}

porf::thread_local! {
    static KEPT: RefCell<Option<Counted<String>>> = RefCell::new(None);
}

#[test]
fn an_exploration_that_begins_anew_forgets_thread_local_values() {
    let report = Builder::new().explore(|| {
        KEPT.with(|kept| *kept.borrow_mut() = Some(Counted::new(String::from("x"))));
        let flag = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&flag);
        let handle = thread::spawn(move || other.store(1, Relaxed));
        for _ in 0..3 {
            if flag.load(Relaxed) == 1 {
                break;
            }
            hint::spin_loop();
        }
        handle.join().unwrap();
    });
    assert_eq!(report.verdict, Verdict::Exhausted);
}

#[test]
#[should_panic(expected = "boom")]
fn a_destructor_that_joins_does_not_hide_a_failure() {
    struct Joins(Option<thread::JoinHandle<()>>);
    impl Drop for Joins {
        fn drop(&mut self) {
            _ = self.0.take().map(thread::JoinHandle::join);
        }
    }
    model(|| {
        let _joins = Joins(Some(thread::spawn(|| ())));
        panic!("boom");
    });
}

struct Gone(u64);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0 = 0;
    }
}

porf::lazy_static! {
    static ref VALUE: Gone = Gone(42);
}

#[test]
fn a_static_outlives_the_threads_that_nobody_joins() {
    let report = Builder::new().explore(|| {
        assert_eq!(VALUE.0, 42);
        thread::spawn(|| assert_eq!(VALUE.0, 42));
    });
    assert_eq!(report.verdict, Verdict::Exhausted);
}

/// Runs `f`, and forgets that it panicked.
fn catch(f: impl FnOnce()) {
    _ = std::panic::catch_unwind(core::panic::AssertUnwindSafe(f));
}

#[test]
#[should_panic(expected = "a panic was caught")]
fn a_caught_panic_loses_no_lock_unseen() {
    model(|| {
        let lock = Mutex::new(0);
        catch(|| {
            let _guard = lock.lock().unwrap();
            panic!("inside");
        });
        drop(lock.lock());
    });
}

#[test]
#[should_panic(expected = "a panic was caught")]
fn a_caught_panic_loses_no_store_unseen() {
    struct Sets(Arc<AtomicUsize>);
    impl Drop for Sets {
        fn drop(&mut self) {
            self.0.store(1, Relaxed);
        }
    }
    model(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let sets = Sets(Arc::clone(&flag));
        catch(move || {
            let _sets = sets;
            panic!("inside");
        });
        flag.load(Relaxed);
    });
}

#[test]
#[should_panic(expected = "a panic was caught")]
fn a_caught_panic_gives_no_second_guard_unseen() {
    model(|| {
        let lock = Arc::new(Mutex::new(0));
        let locks = Locks(Arc::clone(&lock));
        let handle = thread::spawn(move || {
            catch(move || {
                let _locks = locks;
                panic!("inside");
            });
        });
        let _guard = lock.lock().unwrap();
        handle.join().unwrap();
    });
}
