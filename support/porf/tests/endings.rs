//! What is left of a run that ends early, and what an exploration that begins anew leaves.

use std::cell::RefCell;
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
