//! Threads that write, and threads that read what they see of it.

use core::sync::atomic::Ordering::{Acquire, Release, SeqCst};

use porf::sync::atomic::AtomicUsize;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zeros};

/// One writer, `n` readers.
fn readers(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    threads.start(|x| x.store(42, Release));
    for _ in 0..n {
        threads.start(|x| {
            let _ = x.load(Acquire);
        });
    }
    threads.join();
}

/// One reader, `n + 1` writers.
fn writers(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    threads.start(|x: &AtomicUsize| {
        let _ = x.load(Acquire);
    });
    for i in 0..=n {
        threads.start(move |x| x.store(i, Release));
    }
    threads.join();
}

/// Two threads write `x` and read `y` and `z`, which the others write.
fn coherence(n: usize) {
    let mut threads = Threads::sharing(zeros::<3>());
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 3]| {
            locations[0].store(i + 1, Release);
            let _ = locations[i + 1].load(Acquire);
            let _ = locations[0].load(Acquire);
        });
    }
    for i in 0..n - 1 {
        threads.start(move |[_, y, z]: &[AtomicUsize; 3]| {
            y.store(i, Release);
            z.store(i, Release);
        });
    }
    threads.join();
}

/// The reader looks for the flag at most 41 times.
fn publish(_: usize) {
    let mut threads = Threads::sharing(zeros::<2>());
    threads.start(|[x, flag]: &[AtomicUsize; 2]| {
        if (0..=40).any(|_| flag.load(Acquire) == 1) {
            assert_eq!(x.load(Acquire), 42);
        }
    });
    threads.start(|[x, flag]: &[AtomicUsize; 2]| {
        x.store(42, Release);
        flag.store(1, Release);
    });
    threads.join();
}

/// Two threads write and read `n` times what no other thread sees, then once what both see.
fn par_length(n: usize) {
    let mut threads = Threads::sharing(zeros::<3>());
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 3]| {
            for step in 0..n {
                locations[i].store(step, SeqCst);
                let _ = locations[i].load(SeqCst);
            }
            locations[2].store(i, SeqCst);
            let _ = locations[2].load(SeqCst);
        });
    }
    threads.join();
}

/// Each thread publishes which location is shared, reads the other's location `n` times, and adds
/// to the location that it finds published. The numbers of locations stand for pointers.
fn shared_pointer(n: usize) {
    let shared = [AtomicUsize::new(3), AtomicUsize::new(4), AtomicUsize::new(0)];
    let mut threads = Threads::sharing(shared);
    for i in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 3]| {
            let pointer = &locations[2];
            // One is added, so that no pointer is the initial null.
            pointer.store(1 + (1 - i), Release);
            for _ in 0..n {
                let _ = locations[i].load(Acquire);
            }
            let target = &locations[pointer.load(Acquire) - 1];
            target.store(target.load(Acquire) + 3, Release);
        });
    }
    threads.join();
}

/// Two threads read seven and three times what the other two write.
fn big0(_: usize) {
    let mut threads = Threads::sharing(zeros::<4>());
    let readers: [&[usize]; 2] = [&[0, 1, 2, 3, 0, 1, 2], &[0, 1, 2]];
    for order in readers {
        threads.start(move |locations: &[AtomicUsize; 4]| {
            for location in order {
                let _ = locations[*location].load(Acquire);
            }
        });
    }
    for pair in [[0, 1], [2, 3]] {
        threads.start(move |locations: &[AtomicUsize; 4]| {
            for value in 1..=3 {
                for location in pair {
                    locations[location].store(value, Release);
                }
            }
        });
    }
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes("readers", |n| n + 2, readers, &[(2, 4), (8, 256), (13, 8_192)]),
    sizes("N-writers", |n| n + 3, writers, &[(4, 720)]),
    sizes("CoA", |n| n + 2, coherence, &[(1, 4), (2, 16), (3, 144), (4, 2_304), (5, 57_600)]),
    sizes("publish", |_| 3, publish, &[(0, 42)]),
    sizes("par_length", |_| 3, par_length, &[(400, 4), (500, 4), (600, 4)]),
    sizes("SharedPtr", |_| 3, shared_pointer, &[(100, 410)]),
    sizes("big0", |_| 5, big0, &[(0, 82_472)]),
];
