//! Threads share a bucket of blocks: of what one of two frees, about half was allocated by the other
//! one, in no order.

use core::hint::black_box;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::random::Random;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::{Handle, Sample, Subject};

/// Places in the bucket.
pub(super) const SLOTS: usize = 1024;
const WARM_UP: u64 = 4 * SLOTS as u64;

/// Times `operations` swaps on each of `threads`.
pub(super) fn sample(subject: &impl Subject, threads: usize, operations: u64) -> Sample {
    let bucket = &[const { AtomicPtr::new(ptr::null_mut()) }; SLOTS];
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |nth| {
        let mut handle = subject.handle();
        let mut random = Random::of(nth);
        swaps(&mut handle, bucket, &mut random, WARM_UP);
        Span::of(gate, || swaps(&mut handle, bucket, &mut random, operations))
    });
    let mut handle = subject.handle();
    for slot in bucket {
        put_back(&mut handle, slot.swap(ptr::null_mut(), Ordering::Acquire));
    }
    Span::together(&spans, operations)
}

#[inline(never)]
fn swaps(
    handle: &mut impl Handle,
    bucket: &[AtomicPtr<u8>; SLOTS],
    random: &mut Random,
    count: u64,
) {
    for _ in 0..count {
        let block = black_box(handle.allocate());
        let slot = &bucket[random.next() % SLOTS];
        // AcqRel: hands one block over, with its bytes, and takes over another one.
        put_back(handle, slot.swap(block.as_ptr(), Ordering::AcqRel));
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
