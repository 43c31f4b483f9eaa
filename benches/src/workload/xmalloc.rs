//! Lever and Boreham's malloc-test, in the form of mimalloc-bench's xmalloc-test: half of the
//! threads allocate batches of 120 blocks, the others free them; batches go over a shared list of
//! limited length, so that whoever allocates waits for those who free.

use core::hint::black_box;
use std::sync::Mutex;

use stampool::Block;

use crate::sample::{Gate, Patience, Span, on_threads};
use crate::subjects::AnySubject;
use crate::{Handle, Sample, Take};

/// Blocks of a batch.
const BATCH: usize = 120;
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
    let producer = move || {
        subject.with_handle(|handle| {
            handle.fill(list, room, patience, WARM_UP);
            Span::of(gate, || handle.fill(list, room, patience, batches))
        })
    };
    let consumer = move || {
        subject.with_handle(|handle| {
            handle.empty(list, patience, WARM_UP);
            Span::of(gate, || handle.empty(list, patience, batches))
        })
    };
    let mut parts: Vec<Box<dyn FnOnce() -> Span + Send>> = Vec::new();
    for _ in 0..pairs {
        parts.push(Box::new(producer));
        parts.push(Box::new(consumer));
    }
    Span::together(&on_threads(parts), batches * (BATCH * pairs) as u64)
}

pub(super) type Batches = Mutex<Vec<Vec<Block>>>;

#[inline(never)]
pub(super) fn produce(
    handle: &mut impl Handle,
    list: &Batches,
    room: usize,
    patience: Patience,
    batches: u64,
) {
    for _ in 0..batches {
        let batch: Vec<Block> = (0..BATCH).map(|_| Block(black_box(handle.take()))).collect();
        let mut patience = patience;
        loop {
            let mut list = list.lock().expect("no part panics");
            if list.len() < room {
                list.push(batch);
                break;
            }
            drop(list);
            patience.wait();
        }
    }
}

#[inline(never)]
pub(super) fn consume(handle: &mut impl Handle, list: &Batches, patience: Patience, batches: u64) {
    for _ in 0..batches {
        let mut patience = patience;
        let batch = loop {
            if let Some(batch) = list.lock().expect("no part panics").pop() {
                break batch;
            }
            patience.wait();
        };
        for Block(block) in batch {
            // SAFETY: allocated from the same subject, and sent once.
            unsafe { handle.deallocate(block) };
        }
    }
}
