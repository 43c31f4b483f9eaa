//! Mutual exclusion by loads and stores.

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};
use porf::model::assume;
use porf::sync::atomic::{AtomicUsize, fence};

use super::case::{Sizes, sizes};
use super::threads::{Threads, zero_list, zeros};

/// Dekker's entry with fences; who enters writes and reads.
fn dekker_f(_: usize) {
    let mut threads = Threads::sharing(zeros::<3>());
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 3]| {
            locations[i].store(1, Relaxed);
            fence(SeqCst);
            if locations[1 - i].load(Relaxed) == 0 {
                locations[2].store(i, Relaxed);
                assert_eq!(locations[2].load(Relaxed), i);
            }
        });
    }
    threads.join();
}

/// Two threads enter; two others would see if both did.
fn dekker2_fixed(n: usize) {
    let mut threads = Threads::sharing(zeros::<4>());
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 4]| {
            locations[1 - i].store(1, SeqCst);
            if locations[i].load(SeqCst) == 0 {
                locations[2 + i].store(1, Relaxed);
            }
        });
    }
    for writes in [true, false] {
        threads.start(move |locations: &[AtomicUsize; 4]| {
            let both = locations[2].load(Relaxed) != 0 && locations[3].load(Relaxed) != 0;
            for i in 0..if both { n } else { 0 } {
                if writes {
                    locations[0].store(i, Relaxed);
                } else {
                    let _ = locations[0].load(Relaxed);
                }
            }
        });
    }
    threads.join();
}

/// Peterson's algorithm. The locations are the two flags, the turn, and what is protected.
fn peterson_with(load: Ordering, store: Ordering) {
    let mut threads = Threads::sharing(zeros::<4>());
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 4]| {
            let turn = 1 - i;
            locations[i].store(1, store);
            locations[2].store(turn, store);
            assume(locations[1 - i].load(load) != 1 || locations[2].load(load) != turn);
            locations[3].store(i, store);
            let _ = locations[3].load(load);
            locations[i].store(0, store);
        });
    }
    threads.join();
}

fn peterson(_: usize) {
    peterson_with(Acquire, Release);
}

fn peterson_sc(_: usize) {
    peterson_with(SeqCst, SeqCst);
}

/// Szymanski's algorithm for two threads.
fn szymanski(_: usize) {
    let mut threads = Threads::sharing(zeros::<3>());
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 3]| {
            let (own, other, x) = (&locations[i], &locations[1 - i], &locations[2]);
            let write = |value| {
                own.store(value, Relaxed);
                fence(SeqCst);
            };
            write(1);
            assume(other.load(Relaxed) < 3);
            write(3);
            if other.load(Relaxed) == 1 {
                write(2);
                assume(other.load(Relaxed) == 4);
            }
            write(4);
            assume(other.load(Relaxed) < 2);
            x.store(i, Relaxed);
            let _ = x.load(Relaxed);
            assert_eq!(x.load(Relaxed), i);
            fence(SeqCst);
            assume(2 > other.load(Relaxed) || other.load(Relaxed) > 3);
            own.store(0, Relaxed);
        });
    }
    threads.join();
}

/// Lamport's fast algorithm for `n` threads. The locations are `x`, `y` and the flags.
fn lamport(n: usize) {
    let mut threads = Threads::sharing(zero_list(2 + n));
    for thread in 1..=n {
        threads.start(move |locations: &Vec<AtomicUsize>| {
            let (x, y, flags) = (&locations[0], &locations[1], &locations[2..]);
            let own = &flags[thread - 1];
            loop {
                own.store(1, SeqCst);
                x.store(thread, SeqCst);
                if y.load(SeqCst) != 0 {
                    own.store(0, SeqCst);
                    assume(y.load(SeqCst) == 0);
                    continue;
                }
                y.store(thread, SeqCst);
                if x.load(SeqCst) == thread {
                    break;
                }
                own.store(0, SeqCst);
                for flag in flags {
                    assume(flag.load(SeqCst) == 0);
                }
                if y.load(SeqCst) == thread {
                    break;
                }
                assume(y.load(SeqCst) == 0);
            }
            y.store(0, SeqCst);
            own.store(0, SeqCst);
        });
    }
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes("dekker_f", |_| 3, dekker_f, &[(0, 3)]),
    sizes("dekker2-fixed", |_| 5, dekker2_fixed, &[(2, 6), (3, 6), (4, 6)]),
    sizes("peterson", |_| 3, peterson, &[(0, 22)]),
    sizes("peterson-sc", |_| 3, peterson_sc, &[(0, 4)]),
    sizes("szymanski", |_| 3, szymanski, &[(0, 6)]),
    sizes("lamport", |n| n + 1, lamport, &[(2, 16)]),
];
