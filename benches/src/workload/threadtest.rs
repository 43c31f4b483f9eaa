//! Hoard's threadtest: each thread allocates its share of the objects, then frees them in the order
//! in which it allocated them, over and over.
//!
//! Source: Berger et al. 2000, and the sample parameters that come with Hoard's benchmarks
//! (`P 1000 10000 0 8`): 10,000 objects in all, so 10,000 / P on each of P threads (the paper has
//! ten times as many); no work in between; eight constructed objects of 8 bytes each time, which
//! makes a block of 64 bytes that is written. What differs: a turn has as many iterations as it has
//! time for, in place of 1,000; of each line of a block one word is written.

use core::ptr::NonNull;

use stampool::Block;

use crate::Sample;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

/// Objects of all threads together.
const OBJECTS: usize = 10_000;
const WARM_UP: u64 = 1;

/// Objects of each of so many threads.
pub(super) const fn share(threads: usize) -> usize {
    OBJECTS.div_ceil(threads)
}

/// Times about `operations` pairs of allocate and free on each of `threads`.
pub(super) fn sample(
    subject: &dyn AnySubject,
    threads: usize,
    touched_bytes: usize,
    operations: u64,
) -> Sample {
    let share = share(threads);
    let iterations = operations.div_ceil(share as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |_| {
        let mut objects = vec![Block(NonNull::dangling()); share];
        subject.with_handle(|handle| {
            Span::warmed(gate, WARM_UP, iterations, |iterations| {
                handle.threadtest(&mut objects, touched_bytes, iterations);
            })
        })
    });
    Span::together(&spans, iterations * share as u64)
}
