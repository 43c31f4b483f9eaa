//! Threads share a bucket of blocks: of what one of two frees, about half was allocated by the
//! other one.
//!
//! A thread renews a line of eight at a time, any of them. With single places each swap would wait
//! for a line that another core has: that alone took as long as jemalloc and the swaps together.

use core::hint::black_box;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use crossbeam_utils::CachePadded;

use super::random::Random;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;
use crate::{Handle, Sample, Take};

/// Places in the bucket.
pub(super) const SLOTS: usize = 1024;
/// Places that are renewed together: those of a cache line.
const RUN: usize = 8;
const WARM_UP: u64 = (4 * SLOTS / RUN) as u64;

pub(super) type Line = CachePadded<[AtomicPtr<u8>; RUN]>;

/// Times about `operations` swaps on each of `threads`.
pub(super) fn sample(subject: &dyn AnySubject, threads: usize, operations: u64) -> Sample {
    let bucket: &[Line] =
        &[const { Line::new([const { AtomicPtr::new(ptr::null_mut()) }; RUN]) }; SLOTS / RUN];
    let runs = operations.div_ceil(RUN as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |nth| {
        let mut random = Random::of(nth);
        subject.with_handle(|handle| {
            handle.swap(bucket, &mut random, WARM_UP);
            Span::of(gate, || handle.swap(bucket, &mut random, runs))
        })
    });
    subject.with_handle(|handle| {
        for slot in bucket.iter().flat_map(|line| line.iter()) {
            if let Some(block) = NonNull::new(slot.swap(ptr::null_mut(), Ordering::Acquire)) {
                // SAFETY: allocated from the same subject, and taken out of its one place.
                unsafe { handle.give_back(block) };
            }
        }
    });
    Span::together(&spans, runs * RUN as u64)
}

#[inline(never)]
pub(super) fn swaps(handle: &mut impl Handle, bucket: &[Line], random: &mut Random, runs: u64) {
    for _ in 0..runs {
        for slot in &*bucket[random.next() % bucket.len()] {
            let block = black_box(handle.take());
            // AcqRel: hands one block over, with its bytes, and takes over another one.
            put_back(handle, slot.swap(block.as_ptr(), Ordering::AcqRel));
        }
    }
}

/// Frees what was in a slot.
#[inline]
fn put_back(handle: &mut impl Handle, block: *mut u8) {
    if let Some(block) = NonNull::new(block) {
        // SAFETY: allocated from the same subject, and the swap gave it to this thread alone.
        unsafe { handle.deallocate(block) };
    }
}
