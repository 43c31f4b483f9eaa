//! Hoard's cache-thrash and cache-scratch: does the allocator give the parts of one cache line to
//! several threads?
//!
//! In thrash each thread allocates a block, writes it many times and frees it. In scratch its first
//! block came from another thread, as neighbours of one line: an allocator that hands what a thread
//! frees to whoever frees it keeps the line shared. 100 writes to a block, as small blocks have it
//! in the field: below that, the allocator itself would be most of it.

use std::sync::Mutex;

use crate::Sample;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

const WARM_UP: u64 = 16;

/// Times about `operations` blocks on each of `threads`; `scratch` gives each its first one.
pub(super) fn sample(
    subject: &dyn AnySubject,
    scratch: bool,
    threads: usize,
    operations: u64,
) -> Sample {
    subject.with_handle(|main| {
        let given = (0..threads).map(|_| Mutex::new(scratch.then(|| main.take_one())));
        let given: Vec<_> = given.collect();
        let gate = &Gate::new(threads);
        let spans = on_threads_alike(threads, |nth| {
            subject.with_handle(|handle| {
                if let Some(block) = given[nth].lock().expect("no part panics").take() {
                    // SAFETY: allocated from the same subject, and given to this thread.
                    unsafe { handle.give_back(block) };
                }
                Span::warmed(gate, WARM_UP, operations, |blocks| handle.write_lines(blocks))
            })
        });
        Span::together(&spans, operations)
    })
}
