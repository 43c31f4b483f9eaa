//! Small pools whose threads are in the shard that the test says.

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use stampool::{Block, Checking, Local, Pool, PoolBuilder, Strategy, Topology};

pub const LAYOUT: Layout = Layout::new::<u64>();
pub const BATCH: usize = 4;
/// A number of shards, or a shard, at which the topology panics.
pub const PANICS: usize = usize::MAX / 2;

/// A topology that answers what the test has told it.
#[derive(Clone)]
pub struct Told {
    shards: usize,
    shard: Arc<AtomicUsize>,
}

impl Told {
    pub fn new(shards: usize) -> Self {
        Self { shards, shard: Arc::default() }
    }

    /// From here on every thread that attaches is in this shard.
    pub fn go_to(&self, shard: usize) {
        self.shard.store(shard, Ordering::Relaxed);
    }
}

impl Topology for Told {
    fn shards(&self) -> usize {
        assert!(self.shards != PANICS, "no idea how many");
        self.shards
    }

    fn shard(&self) -> usize {
        let shard = self.shard.load(Ordering::Relaxed);
        assert!(shard != PANICS, "no idea where");
        shard
    }
}

pub fn builder<S: Strategy>(told: &Told) -> PoolBuilder<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).topology(told.clone())
}

pub fn take<S: Strategy, C: Checking>(local: &Local<'_, S, C>, count: usize) -> Vec<Block> {
    (0..count).map(|_| local.allocate().unwrap()).collect()
}

pub fn give<S: Strategy, C: Checking>(
    local: &Local<'_, S, C>,
    blocks: impl IntoIterator<Item = Block>,
) {
    for block in blocks {
        // SAFETY: live, and freed once: by the tests that call this.
        unsafe { local.deallocate(block) };
    }
}

/// Gives these blocks, whole batches, to the list of `shard`.
pub fn put_down<S: Strategy>(pool: &Pool<S>, told: &Told, shard: usize, blocks: &[Block]) {
    told.go_to(shard);
    give(&pool.local().unwrap(), blocks.iter().copied());
}

pub fn sorted(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.sort();
    blocks
}
