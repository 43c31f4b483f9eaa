//! Bulk calls: a thread allocates some blocks by one call, and frees them by one call.
//!
//! A subject without such calls makes as many single ones. `burst-fifo` does the same with single
//! calls for every subject.

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;
use crate::{Handle, Sample};

const WARM_UP: u64 = 4;

/// Times about `operations` pairs of allocate and free on each of `threads`, `blocks` in each call.
pub(super) fn sample(
    subject: &dyn AnySubject,
    blocks: usize,
    threads: usize,
    operations: u64,
) -> Sample {
    let calls = operations.div_ceil(blocks as u64);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |_| {
        let mut room = vec![MaybeUninit::uninit(); blocks];
        subject.with_handle(|handle| {
            handle.bulk(&mut room, WARM_UP);
            Span::of(gate, || handle.bulk(&mut room, calls))
        })
    });
    Span::together(&spans, calls * blocks as u64)
}

#[inline(never)]
pub(super) fn run(handle: &mut impl Handle, room: &mut [MaybeUninit<NonNull<u8>>], calls: u64) {
    for _ in 0..calls {
        assert!(handle.allocate_many(room), "no memory for a call");
        let room = black_box(&*room);
        // SAFETY: all of them were written; a `MaybeUninit` has the layout of its content.
        let blocks = unsafe { &*(core::ptr::from_ref(room) as *const [NonNull<u8>]) };
        // SAFETY: allocated just now, each once.
        unsafe { handle.deallocate_many(blocks) };
    }
}
