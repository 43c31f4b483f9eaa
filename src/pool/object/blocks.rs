//! The pool of blocks under an object pool: with caches or exact, as the builder chose.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::super::core::Core;
use super::super::{Census, ExactPool, Local, Stats, ThreadLocalPool};
use crate::block::Block;
use crate::error::AllocError;
use crate::free_list::Strategy;

/// A pool of blocks, with caches or without.
pub(in super::super) enum Blocks<S: Strategy> {
    Cached(ThreadLocalPool<S>),
    Exact(ExactPool<S>),
}

impl<S: Strategy> Blocks<S> {
    #[inline]
    pub(super) fn allocate(&self) -> Result<Block, AllocError> {
        match self {
            Self::Cached(pool) => pool.allocate(),
            Self::Exact(pool) => exchange::take(pool),
        }
    }

    /// # Safety
    ///
    /// As [`ExactPool::deallocate`].
    #[inline]
    pub(super) unsafe fn deallocate(&self, block: Block) {
        match self {
            // SAFETY: by the caller.
            Self::Cached(pool) => unsafe { pool.deallocate(block) },
            // SAFETY: by the caller.
            Self::Exact(pool) => unsafe { exchange::give(pool, block) },
        }
    }

    pub(in super::super) fn core(&self) -> &Core<S> {
        match self {
            Self::Cached(pool) => pool.pool().core(),
            Self::Exact(pool) => pool.core(),
        }
    }

    /// Carves until there are `blocks` blocks, and makes caches for `handles` threads.
    pub(super) fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        match self {
            Self::Cached(pool) => pool.prefill(blocks, handles),
            Self::Exact(pool) => pool.prefill(blocks),
        }
    }

    pub(super) fn seal(&self) -> Result<(), AllocError> {
        match self {
            Self::Cached(pool) => pool.seal(),
            Self::Exact(pool) => pool.seal(),
        }
    }

    /// Calls `f` for `count` free blocks, all different. Afterwards they are free again, and no
    /// cache holds them.
    pub(super) fn visit(&self, count: usize, f: impl FnMut(Block)) -> Result<(), AllocError> {
        let mut room = Vec::new();
        room.try_reserve_exact(count).map_err(|_| AllocError::OutOfMemory)?;
        room.resize(count, MaybeUninit::uninit());
        let loan = match self {
            Self::Cached(pool) => {
                let local = pool.local()?;
                local.allocate_many(&mut room)?;
                Loan { blocks: room, from: Lender::Cached(local) }
            }
            Self::Exact(pool) => {
                pool.allocate_many(&mut room)?;
                Loan { blocks: room, from: Lender::Exact(pool) }
            }
        };
        loan.blocks().for_each(f);
        Ok(())
    }

    pub(super) fn stats(&self) -> Stats {
        match self {
            Self::Cached(pool) => pool.stats(),
            Self::Exact(pool) => pool.stats(),
        }
    }

    pub(super) fn census(&mut self) -> Census {
        match self {
            Self::Cached(pool) => pool.census(),
            Self::Exact(pool) => pool.census(),
        }
    }

    /// Calls `end` once for each numbered block, free or not. If a call panics, the other blocks
    /// are still ended.
    pub(super) fn end_blocks(&mut self, end: impl FnMut(NonNull<u8>)) {
        match self {
            Self::Cached(pool) => pool.end_blocks(end),
            Self::Exact(pool) => pool.end_blocks(end),
        }
    }

    /// Leaks the pool's memory, and keeps threads from using it.
    pub(super) fn abandon(self) {
        match self {
            Self::Cached(pool) => pool.abandon(),
            Self::Exact(pool) => pool.abandon(),
        }
    }

    /// The number of live blocks. The count is exact, because `&mut` excludes calls by other
    /// threads.
    pub(super) fn live(&mut self) -> usize {
        let free = self.census().free_blocks();
        self.stats().carved_blocks - free
    }
}

/// Calls to an exact pool, out of line, so that the hits of a pool with caches do not contain them.
mod exchange {
    use super::{AllocError, Block, ExactPool, Strategy};

    #[inline(never)]
    pub(super) fn take<S: Strategy>(pool: &ExactPool<S>) -> Result<Block, AllocError> {
        pool.allocate()
    }

    /// # Safety
    ///
    /// As [`ExactPool::deallocate`].
    #[inline(never)]
    pub(super) unsafe fn give<S: Strategy>(pool: &ExactPool<S>, block: Block) {
        // SAFETY: by the caller.
        unsafe { pool.deallocate(block) };
    }
}

/// Borrowed blocks. Dropping the loan, also during a panic, frees them.
struct Loan<'p, S: Strategy> {
    /// All places are written.
    blocks: Vec<MaybeUninit<Block>>,
    from: Lender<'p, S>,
}

enum Lender<'p, S: Strategy> {
    /// Dropping the handle hands in all its blocks.
    Cached(Local<'p, S>),
    Exact(&'p ExactPool<S>),
}

impl<S: Strategy> Loan<'_, S> {
    fn blocks(&self) -> impl Iterator<Item = Block> {
        // SAFETY: all places were written before the loan was made.
        self.blocks.iter().map(|block| unsafe { block.assume_init() })
    }
}

impl<S: Strategy> Drop for Loan<'_, S> {
    fn drop(&mut self) {
        for block in self.blocks() {
            match &self.from {
                // SAFETY: the block was allocated there for the loan, and is freed once.
                Lender::Cached(local) => unsafe { local.deallocate(block) },
                // SAFETY: as above.
                Lender::Exact(pool) => unsafe { pool.deallocate(block) },
            }
        }
    }
}
