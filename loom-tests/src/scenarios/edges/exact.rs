//! A pool without caches that grows while two threads use it.
//!
//! Each thread has one block at most, so two blocks are enough, and each free finds a magazine.

use core::alloc::Layout;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::collections::BTreeSet;
use std::sync::Arc;

use stampool::raw::sync::thread;
use stampool::{Block, ExactPool, Pool, Strategy};

use crate::one_at_a_time::operation;
use crate::scenarios::{Metered, Payload};

/// Its name in the ledger.
pub const NAME: &str = "exact/grow_grow";

struct Rig<S: Strategy> {
    pool: ExactPool<S>,
    payload: Payload,
}

impl<S: Strategy> Rig<S> {
    fn allocate(&self) -> Block {
        let block = operation(|| self.pool.allocate()).expect("memory");
        self.payload.taken(block.as_ptr().addr());
        block
    }

    fn free(&self, block: Block) {
        self.payload.given(block.as_ptr().addr());
        // SAFETY: allocated from this pool, and held by the caller alone.
        operation(|| unsafe { self.pool.deallocate(block) });
    }
}

/// Runs it once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>() -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>();
    let pool = builder.chunk_blocks(2).source(Metered(Arc::clone(&regions))).build_exact();
    let pool = pool.expect("a strategy that needs no cache");
    let rig = Arc::new(Rig { pool, payload: Payload::default() });
    let theirs = Arc::clone(&rig);
    let other = thread::spawn(move || {
        let block = theirs.allocate();
        theirs.free(block);
    });
    let block = rig.allocate();
    rig.free(block);
    let block = rig.allocate();
    other.join().expect("no panic unreported");

    let mut rig = Arc::into_inner(rig).expect("the other thread has ended");
    let carved = rig.pool.stats().carved_blocks;
    assert!(carved <= 2, "{carved} carved for two threads with one block each");
    assert_eq!(rig.pool.census().free_blocks() + 1, carved, "a block was lost");
    rig.free(block);
    for _ in 0..carved {
        rig.allocate();
    }
    assert_eq!(rig.pool.stats().carved_blocks, carved, "a free block was not found");
    drop(rig);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    format!("carved {carved}")
}

/// One block is enough if no thread has its block while the other one needs one.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["carved 1", "carved 2"].map(String::from).into()
}
