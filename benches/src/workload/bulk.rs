//! Bulk calls: a thread allocates some blocks by one call, and frees them by one call.
//!
//! A subject without such calls makes as many single ones. `burst-fifo` does the same with single
//! calls for every subject.

use core::mem::MaybeUninit;

use crate::Sample;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

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
            Span::warmed(gate, WARM_UP, calls, |calls| handle.bulk(&mut room, calls))
        })
    });
    Span::together(&spans, calls * blocks as u64)
}
