//! Two threads share a bucket of blocks: about half of what a thread frees was allocated by the
//! other one, in no order.

use core::hint::black_box;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::sample::{Gate, Span, on_threads};
use crate::{Handle, Sample, Subject};

/// Places in the bucket.
pub(super) const SLOTS: usize = 1024;
const WARM_UP: u64 = 4 * SLOTS as u64;

/// Times `operations` swaps on each of two threads.
pub(super) fn sample(subject: &impl Subject, operations: u64) -> Sample {
    let bucket = &[const { AtomicPtr::new(ptr::null_mut()) }; SLOTS];
    let gate = &Gate::new(2);
    let part = |seed: u64| {
        move || {
            let mut handle = subject.handle();
            let mut random = Random(seed);
            swaps(&mut handle, bucket, &mut random, WARM_UP);
            Span::of(gate, || swaps(&mut handle, bucket, &mut random, operations))
        }
    };
    let spans = on_threads(vec![Box::new(part(1)), Box::new(part(2))]);
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

/// A multiplicative generator: a few cycles, good enough to choose slots.
struct Random(u64);

impl Random {
    #[inline]
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (self.0 >> 40) as usize
    }
}
