//! Threads that count.

use core::sync::atomic::Ordering::{Relaxed, Release};

use porf::sync::atomic::AtomicUsize;

use super::case::Sizes;
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

/// Each thread reads, and stores a number of its own.
fn rw(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    for i in 0..n {
        threads.start(move |x| {
            let _ = x.load(Relaxed);
            x.store(i, Release);
        });
    }
    threads.join();
}

/// `rw` beside a thread that only stores.
fn wrw(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    threads.start(|x| x.store(1, Release));
    for i in 0..n {
        threads.start(move |x| {
            let _ = x.load(Relaxed);
            x.store(i, Release);
        });
    }
    threads.join();
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
    Sizes {
        name: "ainc",
        threads: |n| n + 1,
        body: add::<1>,
        executions: &[(2, 2), (3, 6), (4, 24), (5, 120), (6, 720), (7, 5040)],
    },
    Sizes {
        name: "binc",
        threads: |n| n + 1,
        body: add::<2>,
        executions: &[(2, 4), (3, 36), (4, 576)],
    },
    Sizes {
        name: "cinc",
        threads: |n| n + 1,
        body: add::<3>,
        executions: &[(2, 8), (3, 216), (4, 13_824)],
    },
    Sizes { name: "inc", threads: |n| n + 1, body: inc, executions: &[(2, 4), (3, 36), (4, 576)] },
    Sizes { name: "rw", threads: |n| n + 1, body: rw, executions: &[(2, 4), (3, 36), (4, 576)] },
    Sizes {
        name: "wrw",
        threads: |n| n + 2,
        body: wrw,
        executions: &[(2, 22), (3, 300), (4, 6_576)],
    },
    Sizes {
        name: "wainc",
        threads: |n| n + 2,
        body: wainc,
        executions: &[(2, 6), (3, 24), (4, 120)],
    },
];
