//! Locks: the checker's own, and those built from atomics.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use porf::model::assume;
use porf::sync::Mutex;
use porf::sync::atomic::AtomicUsize;
use porf::thread::yield_now;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zeros};

/// Waits until `location` holds something that `wanted` accepts.
fn wait(
    location: &AtomicUsize,
    order: core::sync::atomic::Ordering,
    wanted: impl Fn(usize) -> bool,
) {
    while !wanted(location.load(order)) {
        yield_now();
    }
}

/// `n` threads add to `L` locations under the checker's mutex.
fn lockinc<const L: usize>(n: usize) {
    let mut threads = Threads::sharing((Mutex::new(()), zeros::<L>()));
    for _ in 0..n {
        threads.start(|(mutex, locations): &(Mutex<()>, [AtomicUsize; L])| {
            let guard = mutex.lock().expect("no thread panics");
            for location in locations {
                location.store(location.load(Relaxed) + 1, Relaxed);
            }
            drop(guard);
        });
    }
    threads.join();
}

/// What a lock protects: a store that the same thread reads.
fn critical(shared: &AtomicUsize, i: usize) {
    shared.store(i, Relaxed);
    assert_eq!(shared.load(Relaxed), i);
}

fn ticketlock(n: usize) {
    let mut threads = Threads::sharing(zeros::<3>());
    for i in 0..n {
        threads.start(move |[next, owner, shared]: &[AtomicUsize; 3]| {
            let ticket = next.fetch_add(1, Relaxed);
            wait(owner, Acquire, |owner| owner == ticket);
            critical(shared, i);
            owner.store(owner.load(Relaxed) + 1, Release);
        });
    }
    threads.join();
}

/// Test and test-and-set, by a swap. An iteration that fails replaces one by one, so that GenMC makes
/// it into an assumption.
fn ttaslock(n: usize) {
    let mut threads = Threads::sharing(zeros::<2>());
    for i in 0..n {
        threads.start(move |[lock, shared]: &[AtomicUsize; 2]| {
            wait(lock, Relaxed, |lock| lock == 0);
            assume(lock.swap(1, Acquire) == 0);
            critical(shared, i);
            lock.store(0, Release);
        });
    }
    threads.join();
}

/// Test and test-and-set, by a `compare_exchange`. An iteration that fails has no effect, so it only
/// waits.
fn spinlock(n: usize) {
    let mut threads = Threads::sharing(zeros::<2>());
    for i in 0..n {
        threads.start(move |[lock, shared]: &[AtomicUsize; 2]| {
            loop {
                wait(lock, Relaxed, |lock| lock == 0);
                if lock.compare_exchange(0, 1, Acquire, Acquire).is_ok() {
                    break;
                }
                yield_now();
            }
            critical(shared, i);
            lock.store(0, Release);
        });
    }
    threads.join();
}

/// A ticket lock whose later tickets wait at a place of their own.
fn twalock(n: usize) {
    const PLACES: usize = 8;
    let mut threads = Threads::sharing((zeros::<3>(), zeros::<PLACES>()));
    for i in 0..n {
        threads.start(move |shared: &([AtomicUsize; 3], [AtomicUsize; PLACES])| {
            let ([tickets, grant, shared], places) = shared;
            let ticket = tickets.fetch_add(1, Relaxed);
            let distance = ticket - grant.load(Acquire);
            assert!(distance <= 1, "the slow path is for more than two threads");
            if distance != 0 {
                wait(grant, Acquire, |granted| granted == ticket);
            }
            critical(shared, i);
            let next = grant.load(Relaxed) + 1;
            grant.store(next, Release);
            places[next + 1].fetch_add(1, Release);
        });
    }
    threads.join();
}

/// Waits as on a futex: until `signal` changes, if the mutex has waiters.
fn futex_wait(mutex: &AtomicUsize, signal: &AtomicUsize) {
    let seen = signal.load(Acquire);
    if mutex.load(Acquire) == 2 {
        wait(signal, Acquire, |now| now != seen);
    }
}

/// A mutex over a futex: 0 is free, 1 taken, 2 taken with waiters.
fn mutex(n: usize) {
    let mut threads = Threads::sharing(zeros::<3>());
    for i in 0..n {
        threads.start(move |[mutex, signal, shared]: &[AtomicUsize; 3]| {
            if mutex.compare_exchange(0, 1, Acquire, Acquire).is_err() {
                loop {
                    let _ = mutex.compare_exchange(1, 2, Relaxed, Relaxed);
                    futex_wait(mutex, signal);
                    if mutex.compare_exchange(0, 2, Acquire, Acquire).is_ok() {
                        break;
                    }
                }
            }
            critical(shared, i);
            if mutex.compare_exchange(1, 0, Release, Relaxed).is_err() {
                mutex.store(0, Release);
                signal.fetch_add(1, Release);
            }
        });
    }
    threads.join();
}

/// A barrier for two threads that spin.
fn barrier(_: usize) {
    fn arrive(waiting: &AtomicUsize, step: &AtomicUsize) {
        let before = step.load(SeqCst);
        if waiting.fetch_add(1, SeqCst) == 1 {
            waiting.store(0, SeqCst);
            step.fetch_add(1, SeqCst);
        } else {
            wait(step, SeqCst, |now| now != before);
        }
    }
    let mut threads = Threads::sharing(zeros::<3>());
    threads.start(|[waiting, step, shared]: &[AtomicUsize; 3]| {
        shared.store(42, Relaxed);
        arrive(waiting, step);
    });
    threads.start(|[waiting, step, shared]: &[AtomicUsize; 3]| {
        arrive(waiting, step);
        assert_eq!(shared.load(Relaxed), 42);
    });
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes(
        "lockinc",
        |n| n + 1,
        lockinc::<1>,
        &[(2, 2), (3, 6), (4, 24), (5, 120), (6, 720), (7, 5_040)],
    ),
    sizes(
        "lock2inc",
        |n| n + 1,
        lockinc::<2>,
        &[(2, 2), (3, 6), (4, 24), (5, 120), (6, 720), (7, 5_040)],
    ),
    sizes("ticketlock", |n| n + 1, ticketlock, &[(2, 2)]),
    sizes("ttaslock", |n| n + 1, ttaslock, &[(2, 4)]),
    sizes("spinlock", |n| n + 1, spinlock, &[(2, 4)]),
    sizes("twalock", |n| n + 1, twalock, &[(2, 4)]),
    sizes("mutex", |n| n + 1, mutex, &[(2, 12)]),
    sizes("barrier", |_| 3, barrier, &[(0, 2)]),
];
