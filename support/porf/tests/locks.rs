//! Locks and what is built of them: exact numbers of executions, no graph in vain.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::Relaxed;
use porf::sync::{Barrier, Condvar, Mutex, Notify, RwLock, mpsc};
use porf::thread;

use common::explore;

/// Outcomes of executions.
#[derive(Clone, Default)]
struct Seen(Arc<std::sync::Mutex<BTreeSet<Vec<usize>>>>);

impl Seen {
    fn add(&self, outcome: &[usize]) {
        self.0.lock().unwrap().insert(outcome.to_vec());
    }
    fn all(&self) -> Vec<Vec<usize>> {
        self.0.lock().unwrap().iter().cloned().collect()
    }
}

#[test]
fn threads_that_lock_once_have_as_many_graphs_as_orders() {
    for (threads, orders) in [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120)] {
        let seen = Seen::default();
        let record = seen.clone();
        let report = explore(move || {
            let order = Arc::new(Mutex::new(Vec::new()));
            let handles: Vec<_> = (0..threads)
                .map(|me| {
                    let order = Arc::clone(&order);
                    thread::spawn(move || order.lock().unwrap().push(me))
                })
                .collect();
            for handle in handles {
                handle.join().unwrap();
            }
            record.add(&order.lock().unwrap());
        });
        assert_eq!((report.executions, report.blocked), (orders, 0));
        assert_eq!(seen.all().len() as u64, orders);
    }
}

#[test]
fn two_threads_that_lock_twice_have_six_orders() {
    let report = explore(|| {
        let lock = Arc::new(Mutex::new(0));
        let other = Arc::clone(&lock);
        let handle = thread::spawn(move || {
            *other.lock().unwrap() += 1;
            *other.lock().unwrap() += 1;
        });
        *lock.lock().unwrap() += 1;
        *lock.lock().unwrap() += 1;
        handle.join().unwrap();
        assert_eq!(*lock.lock().unwrap(), 4);
    });
    assert_eq!((report.executions, report.blocked), (6, 0));
}

#[test]
fn a_lock_orders_what_it_protects() {
    let report = explore(|| {
        struct Protected(Mutex<()>, porf::cell::UnsafeCell<usize>);
        // SAFETY: the lock protects the cell.
        unsafe impl Sync for Protected {}
        let shared = Arc::new(Protected(Mutex::new(()), porf::cell::UnsafeCell::new(0)));
        let body = |shared: &Protected| {
            let _guard = shared.0.lock().unwrap();
            // SAFETY: the lock protects the cell.
            shared.1.with_mut(|value| unsafe { *value += 1 });
        };
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || body(&other));
        body(&shared);
        handle.join().unwrap();
    });
    assert_eq!((report.executions, report.blocked), (2, 0));
}

#[test]
fn try_lock_is_refused_only_while_the_lock_may_be_held() {
    explore(|| {
        let lock = Mutex::new(0);
        drop(lock.try_lock().expect("nobody holds it"));
        drop(lock.try_lock().expect("nobody holds it any more"));
    });
    let seen = Seen::default();
    let record = seen.clone();
    explore(move || {
        let lock = Arc::new(Mutex::new(0));
        let other = Arc::clone(&lock);
        let handle = thread::spawn(move || *other.lock().unwrap() += 1);
        let got = lock.try_lock().map(|value| *value).unwrap_or(9);
        handle.join().unwrap();
        record.add(&[got]);
    });
    assert_eq!(seen.all(), [[0], [1], [9]]);
}

#[test]
fn a_thread_that_holds_a_lock_is_refused() {
    let seen = Seen::default();
    let record = seen.clone();
    explore(move || {
        let lock = Mutex::new(());
        let _held = lock.lock().unwrap();
        record.add(&[lock.try_lock().is_ok().into()]);
    });
    assert_eq!(seen.all(), [[0]]);
}

#[test]
fn a_writer_excludes_and_readers_share() {
    let seen = Seen::default();
    let record = seen.clone();
    let report = explore(move || {
        let lock = Arc::new(RwLock::new((0, 0)));
        let writer = Arc::clone(&lock);
        let handle = thread::spawn(move || {
            let mut pair = writer.write().unwrap();
            pair.0 = 1;
            pair.1 = 1;
        });
        let reader = Arc::clone(&lock);
        let second = thread::spawn(move || {
            let pair = reader.read().unwrap();
            assert_eq!(pair.0, pair.1);
        });
        let pair = *lock.read().unwrap();
        handle.join().unwrap();
        second.join().unwrap();
        record.add(&[pair.0, pair.1]);
    });
    assert_eq!(seen.all(), [[0, 0], [1, 1]]);
    assert_eq!((report.executions, report.blocked), (6, 0));
}

#[test]
fn a_condition_variable_wakes() {
    let report = explore(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        let guard = shared.0.lock().unwrap();
        let guard = shared.1.wait_while(guard, |ready| !*ready).unwrap();
        assert!(*guard);
        drop(guard);
        handle.join().unwrap();
    });
    assert_eq!(report.blocked, 0);
    // The lock goes to the notifier first; or to the waiter, which waits, and is then notified.
    assert_eq!(report.executions, 2);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_lost_wake_up_is_a_deadlock() {
    explore(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            // Without the lock, the notification may come before the wait.
            other.1.notify_one();
        });
        let guard = shared.0.lock().unwrap();
        drop(shared.1.wait(guard).unwrap());
        handle.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn two_locks_in_two_orders_are_a_deadlock() {
    explore(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let other = Arc::clone(&locks);
        let handle = thread::spawn(move || {
            let _first = other.1.lock().unwrap();
            let _second = other.0.lock().unwrap();
        });
        let first = locks.0.lock().unwrap();
        let second = locks.1.lock().unwrap();
        drop((first, second));
        handle.join().unwrap();
    });
}

#[test]
fn a_lock_that_is_held_while_its_holder_waits() {
    // The second thread must get the lock before the first one, which waits under the lock.
    let report = std::panic::catch_unwind(|| {
        explore(|| {
            let shared = Arc::new((Mutex::new(()), AtomicUsize::new(0)));
            let other = Arc::clone(&shared);
            let handle = thread::spawn(move || {
                let _guard = other.0.lock().unwrap();
                other.1.store(1, Relaxed);
            });
            let guard = shared.0.lock().unwrap();
            while shared.1.load(Relaxed) == 0 {
                thread::yield_now();
            }
            drop(guard);
            handle.join().unwrap();
        })
    });
    // If the first thread gets the lock first, it spins for ever.
    let message = *report.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("spins for ever"), "{message}");
}

#[test]
fn messages_arrive_in_order() {
    let report = explore(|| {
        let (sender, receiver) = mpsc::channel();
        let handle = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Ok(2));
        assert!(receiver.recv().is_err());
        handle.join().unwrap();
    });
    assert_eq!(report.blocked, 0);
}

#[test]
fn notify_and_barrier() {
    explore(|| {
        let notify = Arc::new(Notify::new());
        let other = Arc::clone(&notify);
        let handle = thread::spawn(move || other.notify());
        notify.wait();
        handle.join().unwrap();
    });
    explore(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = Arc::clone(&barrier);
        let handle = thread::spawn(move || other.wait().is_leader());
        let mine = barrier.wait().is_leader();
        assert!(mine ^ handle.join().unwrap());
    });
}

#[test]
fn a_reader_does_not_refuse_try_read() {
    let report = explore(|| {
        let lock = Arc::new(RwLock::new(0));
        let other = Arc::clone(&lock);
        let handle = thread::spawn(move || drop(other.read().unwrap()));
        assert!(lock.try_read().is_ok(), "there is no writer");
        handle.join().unwrap();
    });
    assert_eq!(report.blocked, 0);
}
