//! What led threads do follows from their program and the list of preemptions.

use std::thread;

use steered::sync::Mutex;
use steered::sync::atomic::AtomicUsize;
use steered::sync::atomic::Ordering::Relaxed;
use steered::{Mark, Preemption, Relay, give_way, is_led, mark, point};

/// Two threads that increment by a load and a store: what comes out, and the steps made.
fn increments(preemptions: Vec<Preemption>) -> (usize, Vec<u64>) {
    let count = AtomicUsize::new(0);
    let relay = Relay::new(2, preemptions, 100);
    thread::scope(|scope| {
        for me in 0..2 {
            let (relay, count) = (&relay, &count);
            scope.spawn(move || {
                let _member = relay.join(me);
                let seen = count.load(Relaxed);
                count.store(seen + 1, Relaxed);
            });
        }
    });
    assert!(!relay.gave_up());
    (count.load(Relaxed), relay.steps())
}

#[test]
fn a_preemption_loses_an_increment_every_time() {
    let between = Preemption { thread: 0, step: 2, to: 1 };
    for _ in 0..100 {
        assert_eq!(increments(vec![]), (2, vec![2, 2]));
        assert_eq!(increments(vec![between]), (1, vec![2, 2]));
    }
}

#[test]
fn who_waits_for_a_lock_lets_its_holder_go_on() {
    let lock = Mutex::new(0);
    // Thread 0 is interrupted while it holds the lock.
    let inside = Preemption { thread: 0, step: 2, to: 1 };
    let relay = Relay::new(2, vec![inside], 100);
    thread::scope(|scope| {
        for me in 0..2 {
            let (relay, lock) = (&relay, &lock);
            scope.spawn(move || {
                let _member = relay.join(me);
                let mut guard = lock.lock().unwrap();
                point();
                *guard = *guard * 10 + me + 1;
            });
        }
    });
    assert!(!relay.gave_up());
    assert_eq!(*lock.lock().unwrap(), 12);
}

#[test]
fn members_that_wait_for_nobody_are_let_go() {
    let relay = Relay::new(1, vec![], 1_000);
    let member = relay.join(0);
    while is_led() {
        give_way();
    }
    mark();
    drop(member);
    assert!(relay.gave_up());
}

#[test]
fn a_mark_says_who_and_when() {
    let relay = Relay::new(1, vec![], 10);
    let member = relay.join(0);
    point();
    point();
    mark();
    point();
    mark();
    drop(member);
    assert_eq!(relay.mark(), Some(Mark { thread: 0, step: 2 }));
    assert_eq!(relay.steps(), [3]);
}
