//! Allocate and free on a handle that has blocks: the path that should cost nothing.

use core::hint::black_box;

use crate::sample::{Gate, Span, on_threads};
use crate::{Handle, Sample, Subject};

const WARM_UP: u64 = 1000;

/// Times `operations` pairs.
pub(super) fn sample(subject: &impl Subject, operations: u64) -> Sample {
    let part = || {
        let mut handle = subject.handle();
        // Opaque, so that every subject keeps its state in memory, as a handle in a program does.
        let handle = black_box(&mut handle);
        pairs(handle, WARM_UP);
        Span::of(&Gate::new(1), || pairs(handle, operations))
    };
    Span::together(&on_threads(vec![Box::new(part)]), operations)
}

#[inline(never)]
fn pairs(handle: &mut impl Handle, operations: u64) {
    for _ in 0..operations {
        let block = black_box(handle.allocate());
        // SAFETY: just allocated.
        unsafe { handle.deallocate(block) };
    }
}
