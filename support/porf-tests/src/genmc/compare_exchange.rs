//! Threads that compete by `compare_exchange`.

use core::sync::atomic::Ordering::{Relaxed, Release};

use porf::sync::atomic::AtomicUsize;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zero_list};

fn swap_from_to(x: &AtomicUsize, from: usize, to: usize) -> bool {
    x.compare_exchange(from, to, Relaxed, Relaxed).is_ok()
}

/// All threads try to replace zero.
fn cas(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    for i in 0..n {
        threads.start(move |x| {
            swap_from_to(x, 0, i + 1);
        });
    }
    threads.join();
}

/// Thread `i` replaces `i - 1` by `i`.
fn casrot(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    for i in 1..=n {
        threads.start(move |x| {
            swap_from_to(x, i - 1, i);
        });
    }
    threads.join();
}

/// All threads try to replace zero, and store afterwards.
fn casw(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    for i in 0..n {
        threads.start(move |x| {
            swap_from_to(x, 0, 1);
            x.store(i + 3, Release);
        });
    }
    threads.join();
}

/// One thread stores what the others try to replace.
fn wcas(n: usize) {
    let mut threads = Threads::sharing(AtomicUsize::new(0));
    threads.start(|x| x.store(2, Release));
    for _ in 0..n {
        threads.start(|x| {
            swap_from_to(x, 2, 3);
        });
    }
    threads.join();
}

/// Each thread puts four numbers into a hash table, and takes the next place where one is taken.
fn indexer(n: usize) {
    const PLACES: usize = 128;
    const NUMBERS: usize = 4;
    let mut threads = Threads::sharing(zero_list(PLACES));
    for thread in 0..n {
        threads.start(move |table: &Vec<AtomicUsize>| {
            for number in 0..NUMBERS {
                let entry = number * 11 + thread;
                let mut place = entry * 7 % PLACES;
                while !swap_from_to(&table[place], 0, entry) {
                    place = (place + 1) % PLACES;
                }
            }
        });
    }
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes("cas", |n| n + 1, cas, &[(2, 2), (3, 3), (4, 4), (5, 5)]),
    sizes(
        "casrot",
        |n| n + 1,
        casrot,
        &[(2, 2), (3, 5), (4, 14), (5, 43), (6, 144), (7, 523), (8, 2_048), (9, 8_597)],
    ),
    sizes("casw", |n| n + 1, casw, &[(2, 6), (3, 66), (4, 1_200), (5, 32_880)]),
    sizes(
        "wcas",
        |n| n + 2,
        wcas,
        &[(2, 5), (3, 13), (4, 33), (5, 81), (6, 193), (7, 449), (8, 1_025), (9, 2_305)],
    ),
    sizes("indexer", |n| n + 1, indexer, &[(12, 8), (15, 4_096)]),
];
