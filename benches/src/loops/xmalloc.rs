//! The two sides of xmalloc: one allocates batches, one frees them.

use core::hint::black_box;
use std::sync::Mutex;

use stampool::Block;

use crate::sample::Patience;
use crate::{Handle, Take};

/// Blocks of a batch.
pub(crate) const BATCH: usize = 120;

pub(crate) type Batches = Mutex<Vec<Vec<Block>>>;

#[inline(never)]
pub(super) fn produce(
    handle: &mut impl Handle,
    list: &Batches,
    room: usize,
    patience: Patience,
    batches: u64,
) {
    for _ in 0..batches {
        let batch: Vec<Block> = (0..BATCH).map(|_| black_box(handle.take())).collect();
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
        for block in batch {
            // SAFETY: allocated from the same subject, and sent once.
            unsafe { handle.deallocate(block) };
        }
    }
}
