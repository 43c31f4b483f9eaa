//! Allocate and free on a handle that has blocks: the path that should cost nothing.

use crate::Sample;
use crate::loops::hit::COPIES;
use crate::sample::{Gate, Span, on_threads_alike};
use crate::subjects::AnySubject;

const WARM_UP: u64 = 1000;

/// Times about `operations` pairs on each of `threads`.
pub(super) fn sample(subject: &dyn AnySubject, threads: usize, operations: u64) -> Sample {
    let each = operations.div_ceil(COPIES);
    let gate = &Gate::new(threads);
    let spans = on_threads_alike(threads, |_| {
        subject.with_handle(|handle| Span::warmed(gate, WARM_UP, each, |each| handle.hit(each)))
    });
    Span::together(&spans, COPIES * each)
}
