//! Threads share a bucket of blocks: of what one of two frees, about half was allocated by the
//! other one.
//!
//! A thread renews a line of eight at a time, any of them. With single places each swap would wait
//! for a line that another core has: that alone took as long as jemalloc and the swaps together.

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use stampool::Block;

use crate::Sample;
use crate::loops::random::Random;
use crate::loops::shared_bucket::{Line, RUN};
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

/// Places in the bucket.
pub(super) const SLOTS: usize = 1024;
const WARM_UP: u64 = (4 * SLOTS / RUN) as u64;

/// Times about `operations` swaps on each of `threads`.
pub(super) fn sample(subject: &dyn AnySubject, threads: usize, operations: u64) -> Sample {
    let bucket: &[Line] =
        &[const { Line::new([const { AtomicPtr::new(ptr::null_mut()) }; RUN]) }; SLOTS / RUN];
    let runs = operations.div_ceil(RUN as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |nth| {
        let mut random = Random::of(nth);
        subject.with_handle(|handle| {
            Span::warmed(gate, WARM_UP, runs, |runs| handle.swap(bucket, &mut random, runs))
        })
    });
    subject.with_handle(|handle| {
        for slot in bucket.iter().flat_map(|line| line.iter()) {
            if let Some(block) =
                NonNull::new(slot.swap(ptr::null_mut(), Ordering::Acquire)).map(Block)
            {
                // SAFETY: allocated from the same subject, and taken out of its one place.
                unsafe { handle.give_back(block) };
            }
        }
    });
    Span::together(&spans, runs * RUN as u64)
}
