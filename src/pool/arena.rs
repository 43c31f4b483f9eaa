//! A pool as the source of other allocators.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::{ExactPool, Pool};
use crate::block::Block;
use crate::error::BuildError;
use crate::free_list::{Strategy, TaggedWide};
use crate::source::Source;
use crate::sync::Arc;

/// Regions of one size, which several allocators on several threads take from one arena and give
/// back without a lock.
///
/// The arena obtains all its blocks from another source when it is made, and never calls that source
/// again until it is dropped. Each clone is a handle to the same arena, for one allocator.
///
/// ```text
///   Linear of thread 1 --- ArenaSource ---+
///                                         |--> free list of blocks <-- regions of the source
///   Stack of thread 2 ---- ArenaSource ---+
/// ```
///
/// It is an [`ExactPool`] that is [sealed](ExactPool::seal), so its free list is the model-checked one
/// of the pools.
///
/// # When to take it
///
/// Take it where allocators that come and go share one limit, or where a region must never wait for
/// the system: huge or locked pages, threads with deadlines, a process without a heap. Do not take
/// it for regions of very different sizes: each takes a whole block. A member whose chunks double has
/// chunks of one block each, and obtains no larger one.
///
/// # Shape
///
/// A block has the layout that the arena was made with, but is aligned to 64 at least, which serves
/// every allocator of this crate; the size is rounded up to the alignment. A region of that size or
/// less, and of that alignment or less, takes a block. It can be extended to the end of its block.
/// Anything larger is refused.
///
/// # Memory
///
/// The source needs more than the blocks, because an exact pool has a magazine for each block.
/// Under `TaggedWide` these are 64 bytes for each block and 448 more, in one or two further
/// regions, each of which takes whole granules of the source. So a limit of exactly the blocks is
/// too low, and an arena of the smallest blocks, 64 bytes, takes twice their bytes. All magazines
/// are written when the arena is made. The blocks are not: those from mapped memory become memory
/// when their user writes to them.
///
/// A member's chunk has a header in its block: 32 bytes in an `alloc::Linear`, where a pointer has
/// 64 bits. So a request of a whole block never fits: make the blocks larger than the largest
/// request.
///
/// # Progress
///
/// [`obtain`](Source::obtain), [`release`](Source::release) and [`extend`](Source::extend) are
/// lock-free if the strategy `S` is ([`is_lock_free`](Self::is_lock_free)).
///
/// # Drop
///
/// The arena's memory goes back when the last handle is dropped. A region lives no longer than the
/// handle that it was obtained from, as any region and its source.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::source::Source;
/// use stampool::{ArenaSource, SystemSource};
///
/// let block = Layout::new::<[u8; 4096]>();
/// let mut arena = <ArenaSource>::new(block, 2, SystemSource)?;
/// let mut other = arena.clone();
/// let (one, two) = (arena.obtain(block), other.obtain(block));
/// assert!(one.is_some() && two.is_some());
/// assert!(arena.obtain(block).is_none(), "both blocks are out");
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ArenaSource<S: Strategy = TaggedWide>(Arc<Arena<S>>);

/// What a pool asks of its source, and more than the members of the family ask.
const LEAST_ALIGN: usize = 64;

struct Arena<S: Strategy> {
    pool: ExactPool<S>,
    block: Layout,
    blocks: usize,
}

impl<S: Strategy> ArenaSource<S> {
    /// An arena of `blocks` blocks of layout `block`. They come in one region of `source`, or in
    /// several smaller ones if it has none that is large enough.
    ///
    /// # Errors
    ///
    /// [`BuildError::CapacityBelowBatch`] for no blocks; [`BuildError::Chunk`] for more than a
    /// region can hold; [`BuildError::Fill`] if the source has too little memory for all blocks and
    /// their magazines; otherwise as [`PoolBuilder::build_exact`](super::PoolBuilder::build_exact).
    pub fn new(
        block: Layout,
        blocks: usize,
        source: impl Source + 'static,
    ) -> Result<Self, BuildError> {
        let too_large = BuildError::BlockTooLarge { size: block.size() };
        let block = block.align_to(LEAST_ALIGN).map_err(|_| too_large)?;
        let builder = Pool::builder(block).strategy::<S>().max_carved_blocks(blocks);
        let pool = builder.chunk_blocks(blocks).source(source).build_exact()?;
        let filled = pool.prefill(blocks).and_then(|()| pool.seal());
        filled.map_err(|error| BuildError::Fill { error })?;
        Ok(Self(Arc::new(Arena { pool, block: block.pad_to_align(), blocks })))
    }

    /// The layout of a block.
    pub fn block(&self) -> Layout {
        self.0.block
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.0.blocks
    }

    /// Whether no call of a handle waits for another thread.
    pub fn is_lock_free(&self) -> bool {
        self.0.pool.stats().lock_free
    }

    /// Whether a block has room for `layout`.
    fn fits(&self, layout: Layout) -> bool {
        let block = self.0.block;
        layout.size() != 0 && layout.size() <= block.size() && layout.align() <= block.align()
    }
}

impl<S: Strategy> Clone for ArenaSource<S> {
    /// Another handle to the same arena.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Strategy> fmt::Debug for ArenaSource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arena { block, blocks, .. } = &*self.0;
        f.debug_struct("ArenaSource")
            .field("block", block)
            .field("blocks", blocks)
            .finish_non_exhaustive()
    }
}

// SAFETY: a block of the pool is handed out once until it is given back, and the pool lives as long
// as the handle, which owns a part of it.
unsafe impl<S: Strategy> Source for ArenaSource<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if !self.fits(layout) {
            return None;
        }
        self.0.pool.allocate().ok().map(Block::as_non_null)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, _layout: Layout) {
        // SAFETY: by the caller, the block was handed out by this arena, and nobody uses it any more.
        unsafe { self.0.pool.deallocate(Block::from(region)) };
    }

    /// Extends a region to the end of its block at most.
    unsafe fn extend(&mut self, _region: NonNull<u8>, _old: Layout, new: Layout) -> bool {
        self.fits(new)
    }

    /// A whole block.
    fn granule(&self) -> usize {
        self.0.block.size()
    }

    fn max_align(&self) -> usize {
        self.0.block.align()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{CountingSource, FailingSource};

    const BLOCK: Layout = Layout::new::<[u64; 32]>();

    fn arena(blocks: usize, source: impl Source + 'static) -> ArenaSource {
        ArenaSource::new(BLOCK, blocks, source).unwrap()
    }

    #[test]
    fn a_region_takes_a_whole_block() {
        assert_eq!(arena(1, CountingSource::default()).granule(), BLOCK.size());
    }

    #[test]
    fn each_block_is_handed_out_once_also_from_several_regions() {
        // Call 0 is for the slot that the filling needs, call 1 for a chunk of 100 blocks.
        for source in [FailingSource::default(), FailingSource::default().refuse_at(1)] {
            let arena = arena(100, source);
            let mut handle = arena.clone();
            let mut regions: Vec<_> = core::iter::from_fn(|| handle.obtain(BLOCK)).collect();
            assert_eq!((regions.len(), arena.blocks()), (100, 100));
            regions.sort();
            for pair in regions.windows(2) {
                let apart = pair[1].addr().get() - pair[0].addr().get();
                assert!(apart >= BLOCK.size(), "two blocks overlap");
            }
            for region in regions {
                // SAFETY: the block is live, and this long.
                unsafe { region.write_bytes(1, BLOCK.size()) };
                // SAFETY: obtained with this layout, and not used any more.
                unsafe { handle.release(region, BLOCK) };
            }
        }
    }

    #[test]
    fn what_no_block_holds_is_refused() {
        let mut arena = arena(1, CountingSource::default());
        let layout = |size, align| Layout::from_size_align(size, align).unwrap();
        for refused in
            [layout(0, 1), layout(257, 1), layout(8, 128), layout(isize::MAX as usize, 1)]
        {
            assert!(arena.obtain(refused).is_none(), "{refused:?}");
        }
        let small = layout(1, 1);
        let region = arena.obtain(small).expect("the block");
        // SAFETY: live, of this layout, and the new ones are larger.
        let grown = unsafe { arena.extend(region, small, layout(256, 1)) };
        assert!(grown, "to the end of the block");
        // SAFETY: as above.
        assert!(!unsafe { arena.extend(region, layout(256, 1), layout(257, 1)) });
        // SAFETY: of this layout, and not used any more.
        unsafe { arena.release(region, layout(256, 1)) };
        assert!(arena.obtain(BLOCK).is_some(), "the block is there again");
    }

    #[test]
    fn all_memory_comes_at_first_and_goes_back_with_the_last_handle() {
        let source = CountingSource::default();
        let counts = source.counts();
        let arena = arena(64, source);
        let obtained = counts.calls();
        let mut handle = arena.clone();
        drop(arena);
        while handle.obtain(BLOCK).is_some() {}
        assert_eq!(counts.calls(), obtained, "a sealed arena asks for nothing");
        assert_eq!(counts.released(), 0);
        drop(handle);
        assert_eq!(counts.live_regions(), 0, "with live regions, too");
    }

    #[test]
    fn a_source_that_refuses_or_misaligns_is_an_error() {
        for call in 0..2 {
            for source in [
                FailingSource::default().refuse_from(call),
                FailingSource::default().misalign_at(call),
            ] {
                let error = <ArenaSource>::new(BLOCK, 8, source).expect_err("no memory");
                assert!(matches!(error, BuildError::Fill { .. }), "{error}");
            }
        }
        let none = Layout::from_size_align(0, 1).unwrap();
        assert_eq!(
            <ArenaSource>::new(none, 8, FailingSource::default()).err(),
            Some(BuildError::ZeroSize)
        );
        assert!(<ArenaSource>::new(BLOCK, 0, FailingSource::default()).is_err());
    }
}
