//! The pool of blocks below, as the builder chose it.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::super::core::Core;
use super::super::{Census, ExactPool, Local, Stats, ThreadLocalPool};
use crate::block::Block;
use crate::error::AllocError;
use crate::free_list::Strategy;

/// With caches or without.
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

    /// Carves until there are so many blocks, and makes caches for so many threads.
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

    /// Shows `f` so many blocks, all different. Afterwards they are free, and in no cache.
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

    /// Calls `end` once with each numbered block, free or not. Where that panics, the others are
    /// ended all the same.
    pub(super) fn end_blocks(&mut self, end: impl FnMut(NonNull<u8>)) {
        match self {
            Self::Cached(pool) => pool.end_blocks(end),
            Self::Exact(pool) => pool.end_blocks(end),
        }
    }

    /// Leaves all memory where it is, for good, and keeps threads from using it.
    pub(super) fn abandon(self) {
        match self {
            Self::Cached(pool) => pool.abandon(),
            Self::Exact(pool) => pool.abandon(),
        }
    }

    /// Blocks in users' hands. Exact, since `&mut` says that nobody is taking or giving one.
    pub(super) fn live(&mut self) -> usize {
        let free = self.census().free_blocks();
        self.stats().carved_blocks - free
    }
}

/// Calls to a pool without caches, out of line: the hits of the other kind are not to carry them.
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

/// Blocks that go back when it is dropped, by whatever way.
struct Loan<'p, S: Strategy> {
    /// All of them written.
    blocks: Vec<MaybeUninit<Block>>,
    from: Lender<'p, S>,
}

enum Lender<'p, S: Strategy> {
    /// Dropping it hands all its blocks in.
    Cached(Local<'p, S>),
    Exact(&'p ExactPool<S>),
}

impl<S: Strategy> Loan<'_, S> {
    fn blocks(&self) -> impl Iterator<Item = Block> {
        // SAFETY: written before the loan was made.
        self.blocks.iter().map(|block| unsafe { block.assume_init() })
    }
}

impl<S: Strategy> Drop for Loan<'_, S> {
    fn drop(&mut self) {
        for block in self.blocks() {
            match &self.from {
                // SAFETY: allocated there for the loan, and given back once.
                Lender::Cached(local) => unsafe { local.deallocate(block) },
                // SAFETY: as above.
                Lender::Exact(pool) => unsafe { pool.deallocate(block) },
            }
        }
    }
}
