//! The pool of blocks under an object pool: with caches or exact, as the builder chose.

use core::ptr::NonNull;

use super::super::many::SoFar;
use super::super::{ExactPool, Pool, ThreadLocalPool};
use crate::block::{Block, MaybeBlock};
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
            Self::Exact(pool) => pool.allocate(),
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
            Self::Exact(pool) => unsafe { pool.deallocate(block) },
        }
    }

    /// What both kinds are made of.
    pub(in super::super) const fn pool(&self) -> &Pool<S> {
        match self {
            Self::Cached(pool) => pool.pool(),
            Self::Exact(pool) => pool.pool(),
        }
    }

    /// As [`pool`](Self::pool).
    pub(super) const fn pool_mut(&mut self) -> &mut Pool<S> {
        match self {
            Self::Cached(pool) => pool.pool_mut(),
            Self::Exact(pool) => pool.pool_mut(),
        }
    }

    /// Carves until there are `blocks` blocks, and makes caches for `handles` threads.
    pub(super) fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        match self {
            Self::Cached(pool) => pool.prefill(blocks, handles),
            Self::Exact(pool) => pool.prefill(blocks),
        }
    }

    /// Calls `f` for `count` free blocks, all different. Afterwards they are free again, and no
    /// cache holds them.
    pub(super) fn visit(&self, count: usize, f: impl FnMut(Block)) -> Result<(), AllocError> {
        let mut room = Vec::new();
        room.try_reserve_exact(count).map_err(|_| AllocError::OutOfMemory)?;
        room.resize(count, MaybeBlock::uninit());
        match self {
            Self::Cached(pool) => {
                let local = pool.local()?;
                // The blocks go back before any thread has used one, so they are not in use.
                local.without_count(|| {
                    local.allocate_many(&mut room)?;
                    // SAFETY: allocated just now, and freed once.
                    let give_back = |blocks: &[Block]| unsafe { local.deallocate_many(blocks) };
                    // SAFETY: the call has written all places.
                    let blocks = unsafe { SoFar::all(&mut room, give_back) };
                    blocks.blocks().iter().copied().for_each(f);
                    Ok::<(), AllocError>(())
                })?;
            }
            Self::Exact(pool) => {
                pool.allocate_many(&mut room)?;
                // SAFETY: as above.
                let give_back = |blocks: &[Block]| unsafe { pool.deallocate_many(blocks) };
                // SAFETY: as above.
                unsafe { SoFar::all(&mut room, give_back) }.blocks().iter().copied().for_each(f);
            }
        }
        Ok(())
    }

    /// Hands in the caller's cache and gives chunks back, after a call of `end` for each block.
    #[track_caller]
    pub(super) fn shrink(&self, end: impl FnMut(NonNull<u8>)) -> Result<usize, AllocError> {
        match self {
            Self::Cached(pool) => pool.shrink_and_end(end),
            Self::Exact(pool) => pool.shrink_and_end(end),
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
        let free = self.pool_mut().census().free_blocks();
        self.pool().stats().carved_blocks - free
    }
}
