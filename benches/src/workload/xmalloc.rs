//! Lever and Boreham's malloc-test, in the form of mimalloc-bench's xmalloc-test: half of the
//! threads allocate batches of 120 blocks, the others free them; batches go over a shared list of
//! limited length, so that whoever allocates waits for those who free.

use std::sync::Mutex;

use super::side::side;
use crate::Sample;
use crate::loops::xmalloc::BATCH;
use crate::sample::{Gate, Patience, Span, on_threads};
use crate::subjects::AnySubject;

/// Batches on the list, at the most.
const LIST: usize = 8;
const WARM_UP: u64 = 16;

/// The most blocks that are live with so many pairs of threads.
pub(super) const fn live_blocks(pairs: usize) -> usize {
    // On the list, and one in the hands of each thread.
    (LIST + 2) * BATCH * pairs
}

/// Times about `operations` blocks, from all of `pairs` together.
pub(super) fn sample(subject: &dyn AnySubject, pairs: usize, operations: u64) -> Sample {
    let batches = operations.div_ceil((BATCH * pairs) as u64);
    let list = &Mutex::new(Vec::with_capacity(LIST * pairs));
    let gate = &Gate::new(2 * pairs);
    let patience = Patience::among(2 * pairs);
    let room = LIST * pairs;
    let phases = [WARM_UP, batches];
    let mut parts = Vec::new();
    for _ in 0..pairs {
        parts.push(side(subject, gate, phases, move |handle, batches| {
            handle.fill(list, room, patience, batches);
        }));
        parts.push(side(subject, gate, phases, move |handle, batches| {
            handle.empty(list, patience, batches);
        }));
    }
    Span::together(&on_threads(parts), batches * (BATCH * pairs) as u64)
}
