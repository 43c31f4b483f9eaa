//! What an arena says of its memory.

use super::arena::SlabArena;
use super::classes::{Classes, POOLED};
use super::stats::{SlabClass, SlabStats};
use crate::alloc::Usage;
use crate::checking::Checking;
use crate::free_list::Strategy;

impl<S: Strategy, C: Checking> SlabArena<S, C> {
    /// How many bytes are in use, as [`stats`](Self::stats) counts them.
    pub fn usage(&self) -> Usage {
        let stats = self.stats();
        Usage {
            used_bytes: stats.allocated_bytes,
            live_blocks: Some(stats.allocated_blocks),
            obtained_bytes: stats.capacity_bytes,
            overhead_bytes: 0,
            capacity_bytes: Some(stats.capacity_bytes),
        }
    }

    /// The arena's memory. Blocks in use are counted with the free blocks in the caches of other
    /// threads, which cannot be seen from here; [`census`](Self::census) is exact.
    pub fn stats(&self) -> SlabStats {
        self.sum(self.classes())
    }

    /// The classes that have been used, from small to large blocks.
    pub fn classes(&self) -> Vec<SlabClass> {
        let pooled = (0..POOLED).filter_map(|class| {
            let stats = self.pools.pool(class)?.stats();
            let drawn = usize::try_from(stats.drawn_blocks).unwrap_or(usize::MAX);
            let allocated_blocks = drawn.saturating_sub(self.pools.cached_here(class));
            Some(self.class(class, allocated_blocks))
        });
        pooled.chain(self.large()).collect()
    }

    /// A class that has a pool.
    fn class(&self, class: usize, allocated_blocks: usize) -> SlabClass {
        let heap_bytes = self.pages.lock().chunk_bytes(class);
        SlabClass { block_bytes: Classes::size(class), allocated_blocks, heap_bytes }
    }

    /// The classes of blocks that have pages of their own.
    fn large(&self) -> Vec<SlabClass> {
        let runs = self.pages.lock();
        let class = |(class, allocated_blocks)| {
            let block_bytes = Classes::size(class);
            SlabClass { block_bytes, allocated_blocks, heap_bytes: allocated_blocks * block_bytes }
        };
        runs.large().map(class).collect()
    }

    fn sum(&self, classes: Vec<SlabClass>) -> SlabStats {
        let records = usize::try_from(self.records.bytes.get()).unwrap_or(usize::MAX);
        let runs = self.pages.lock();
        SlabStats {
            capacity_bytes: self.pages.bytes(),
            heap_bytes: runs.heap_bytes(),
            allocated_bytes: classes.iter().map(|it| it.allocated_blocks * it.block_bytes).sum(),
            allocated_blocks: classes.iter().map(|it| it.allocated_blocks).sum(),
            overhead_bytes: records + runs.record_bytes(),
        }
    }

    /// The arena's memory, exact: free blocks in caches count as free. Waits for threads that are just
    /// ending and hand their caches in.
    pub fn census(&mut self) -> SlabStats {
        let mut classes = self.large();
        for class in 0..POOLED {
            let Some((stats, census)) = self.pools.census(class) else { continue };
            let (carved, free) = (stats.carved_blocks, census.free_blocks());
            classes.push(self.class(class, carved - free));
        }
        self.sum(classes)
    }
}
