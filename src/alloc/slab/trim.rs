//! Pages that go from one class to another, and all blocks at once.

use super::arena::SlabArena;
use super::classes::POOLED;
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::pool::Pool;

impl<S: Strategy, C: Checking> SlabArena<S, C> {
    /// Trims all classes. Answers whether pages went back.
    pub(super) fn reclaim(&self) -> bool {
        let mut bytes = 0;
        // A pool that checks gives nothing back, and its quarantine should not be cut short.
        let classes = if C::CHECKS { 0 } else { POOLED };
        for class in 0..classes {
            let Some(pool) = self.pools.pool(class) else { continue };
            if self.pages.lock().chunk_bytes(class) > 0 {
                // A pool that cannot be trimmed keeps its pages.
                bytes += self.trim_class(class, pool).unwrap_or(0);
            }
        }
        bytes > 0
    }

    fn trim_class(&self, class: usize, pool: &Pool<S, C>) -> Result<usize, AllocError> {
        self.pools.hand_in(class);
        pool.shrink()
    }

    /// Gives the pages of free blocks back, so that all classes may take them, and returns how many
    /// bytes that were. The caches of the calling thread are handed in; those of other threads keep
    /// their blocks, and a block in use keeps its chunk. A checked arena gives nothing back:
    /// [`Pool::shrink`] says why.
    ///
    /// # Errors
    ///
    /// As [`Pool::shrink`]. The classes before have given their pages back.
    pub fn trim(&self) -> Result<usize, AllocError> {
        let mut bytes = 0;
        for class in 0..POOLED {
            if let Some(pool) = self.pools.pool(class) {
                bytes += self.trim_class(class, pool)?;
            }
        }
        Ok(bytes)
    }

    /// Runs `f` while no class takes pages, as [`Pool::without_growth`]. Fork inside `f`: the child
    /// finds its copy of the arena able to serve all classes, whatever other threads of the parent
    /// were about to do. `f` must not use the arena.
    ///
    /// # In the child
    ///
    /// As there: free blocks in the caches of the parent's other threads stay out of reach.
    pub fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        self.pools.without_growth(|| {
            let _pages = self.pages.lock();
            f()
        })
    }

    /// Invalidates every block. All pages are free afterwards, except under
    /// [`EpochDeferred`](crate::EpochDeferred) if a thread is just ending and is held up in the collector:
    /// the pages of its class then stay taken for good.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks. Waits
    /// for threads that are just ending and hand their caches in.
    pub fn reset(&mut self) {
        self.pools.end();
        self.pages.lock().give_all_blocks();
    }
}
