//! Threads that count.

use core::sync::atomic::Ordering::{Relaxed, Release};

use porf::sync::atomic::AtomicUsize;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zeros};

/// `n` threads add one to each of `L` locations.
fn add<const L: usize>(n: usize) {
    let mut threads = Threads::sharing(zeros::<L>());
    for _ in 0..n {
        threads.start(|locations: &[AtomicUsize; L]| {
            for location in locations {
                location.fetch_add(1, Relaxed);
            }
        });
    }
    threads.join();
}

/// Each thread adds a bit of its own by a load and a store.
fn inc(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    for i in 0..n {
        threads.start(move |x| {
            let read = x.load(Relaxed);
            x.store(read + (1 << i), Release);
        });
    }
    threads.join();
}

/// `n` more threads read, and store a number of their own.
fn read_and_store(mut threads: Threads<AtomicUsize>, n: usize) {
    for i in 0..n {
        threads.start(move |x| {
            let _ = x.load(Relaxed);
            x.store(i, Release);
        });
    }
    threads.join();
}

/// Each thread reads, and stores a number of its own.
fn rw(n: usize) {
    read_and_store(Threads::sharing(AtomicUsize::new(0)), n);
}

/// `rw` beside a thread that only stores.
fn wrw(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    threads.start(|x| x.store(1, Release));
    read_and_store(threads, n);
}

/// One thread stores, `n` threads add.
fn wainc(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    threads.start(|x| x.store(42, Release));
    for _ in 0..n {
        threads.start(|x: &AtomicUsize| {
            x.fetch_add(1, Relaxed);
        });
    }
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes("ainc", |n| n + 1, add::<1>, &[(2, 2), (3, 6), (4, 24), (5, 120), (6, 720), (7, 5040)]),
    sizes("binc", |n| n + 1, add::<2>, &[(2, 4), (3, 36), (4, 576)]),
    sizes("cinc", |n| n + 1, add::<3>, &[(2, 8), (3, 216), (4, 13_824)]),
    sizes("inc", |n| n + 1, inc, &[(2, 4), (3, 36), (4, 576)]),
    sizes("rw", |n| n + 1, rw, &[(2, 4), (3, 36), (4, 576)]),
    sizes("wrw", |n| n + 2, wrw, &[(2, 22), (3, 300), (4, 6_576)]),
    sizes("wainc", |n| n + 2, wainc, &[(2, 6), (3, 24), (4, 120)]),
];
