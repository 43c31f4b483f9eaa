//! Threads that write what others computed.

use core::sync::atomic::Ordering::{Acquire, Release};

use porf::sync::atomic::AtomicUsize;

use super::case::{Sizes, sizes};
use super::threads::{Threads, zero_list};

/// A reader looks for the last zero of an array, of which each entry is written by a thread as the
/// entry before it and one.
fn lastzero(n: usize) {
    let mut threads = Threads::sharing(zero_list(n + 1));
    threads.start(move |array: &Vec<AtomicUsize>| {
        let mut i = n;
        while array[i].load(Acquire) != 0 {
            i -= 1;
        }
    });
    for i in 1..=n {
        threads.start(move |array: &Vec<AtomicUsize>| {
            array[i].store(array[i - 1].load(Acquire) + 1, Release);
        });
    }
    threads.join();
}

/// Two threads add five times, each into its own location, and a third looks.
fn fib_bench(_: usize) {
    const TIMES: usize = 5;
    let mut threads = Threads::sharing([AtomicUsize::new(1), AtomicUsize::new(1)]);
    for own in 0..2 {
        threads.start(move |locations: &[AtomicUsize; 2]| {
            for _ in 0..TIMES {
                let sum = locations[0].load(Acquire) + locations[1].load(Acquire);
                locations[own].store(sum, Release);
            }
        });
    }
    threads.start(|locations: &[AtomicUsize; 2]| {
        let above = |location: &AtomicUsize| location.load(Acquire) > 144;
        assert!(!locations.iter().any(above), "beyond the Fibonacci number");
    });
    threads.join();
}

/// Two threads sieve the same array.
fn eratosthenes(n: usize) {
    let mut threads = Threads::sharing(zero_list(n));
    for _ in 0..2 {
        threads.start(move |numbers: &Vec<AtomicUsize>| {
            for i in 0..n {
                if numbers[i].load(Acquire) == 0 {
                    numbers[i].store(1, Release);
                    for multiple in (2 * i + 2..n).step_by(i + 2) {
                        numbers[multiple].store(2, Release);
                    }
                }
            }
        });
    }
    threads.join();
}

pub(super) const PROGRAMS: &[Sizes] = &[
    sizes("lastzero", |n| n + 2, lastzero, &[(5, 64), (10, 3_328), (15, 147_456)]),
    sizes("fib_bench", |_| 4, fib_bench, &[(0, 525_630)]),
    sizes("eratosthenes", |_| 3, eratosthenes, &[(5, 1_512)]),
];
