//! Pages that go from one class to another, and all blocks at once.

use super::arena::SlabArena;
use super::classes::{PAGE, POOLED};
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::pool::Pool;
use crate::sync::lock;

impl<S: Strategy, C: Checking> SlabArena<S, C> {
    /// Makes a request. If it finds no pages, gives those of free blocks back, class by class, until the
    /// request finds some. A class is passed over if no free block has come to its lists since its
    /// blocks were looked through last.
    ///
    /// One thread does so at a time, because the blocks that it looks through are missing everywhere
    /// else: another thread whose request is refused meanwhile waits, and then tries again.
    pub(super) fn or_reclaim<T>(
        &self,
        request: impl Fn() -> Result<T, AllocError>,
    ) -> Result<T, AllocError> {
        let mut answer = request();
        // A pool that checks gives nothing back, and its quarantine should not be cut short.
        if C::CHECKS || !matches!(answer, Err(AllocError::Capacity)) {
            return answer;
        }
        let _turn = lock(&self.trimming);
        answer = request();
        // A free block of a large class is worth more of the work.
        for class in (0..POOLED).rev() {
            if !matches!(answer, Err(AllocError::Capacity)) {
                break;
            }
            if !self.pools.has_more(class) {
                continue;
            }
            let Some(pool) = self.pools.pool(class) else { continue };
            match self.trim_class(class, pool) {
                Ok(0) => {}
                Ok(_) => answer = request(),
                // There is no memory to sort the blocks. They keep their pages.
                Err(_) => self.pools.look_again(class),
            }
        }
        answer
    }

    fn trim_class(&self, class: usize, pool: &Pool<S, C>) -> Result<usize, AllocError> {
        self.pools.hand_in(class);
        pool.shrink()
    }

    /// Pages that pools have given back so far. Pools give pages back in a trim and when they end, so
    /// a thread whose turn it is to trim counts its own by this.
    fn went_back(&self) -> u64 {
        self.pages.lock().went_back_pages
    }

    /// Gives the pages of free blocks back, so that all classes may take them, and returns how many
    /// bytes of pages that were. The caches of the calling thread are handed in; those of other threads
    /// keep their blocks, and a block in use keeps its chunk. A thread that was joined by
    /// [`std::thread::scope`] may still be about to hand its caches in: [`census`](Self::census) waits
    /// for it. The arena's records stay; [`reset`](Self::reset) gives them back.
    ///
    /// A checked arena gives nothing back: [`Pool::shrink`] says why.
    ///
    /// # Errors
    ///
    /// As [`Pool::shrink`]. The classes before have given their pages back.
    pub fn trim(&self) -> Result<usize, AllocError> {
        let _turn = lock(&self.trimming);
        let before = self.went_back();
        for class in 0..POOLED {
            if let Some(pool) = self.pools.pool(class) {
                self.trim_class(class, pool)?;
            }
        }
        let pages = usize::try_from(self.went_back() - before).unwrap_or(usize::MAX);
        Ok(pages.saturating_mul(PAGE))
    }

    /// Runs `f` while no class takes pages, as [`Pool::without_growth`]. Fork inside `f`: the child
    /// finds its copy of the arena able to serve all classes, whatever other threads of the parent
    /// were about to do. A call of the arena in `f`, also one that asks for numbers, waits for ever.
    ///
    /// # In the child
    ///
    /// As there: free blocks in the caches of the parent's other threads stay out of reach.
    pub fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let _turn = lock(&self.trimming);
        self.pools.without_growth(|| {
            let _pages = self.pages.lock();
            f()
        })
    }

    /// Invalidates every block. All pages are free afterwards, except under
    /// [`EpochDeferred`](crate::EpochDeferred) if a thread is just ending and is held up in the collector:
    /// the pages of its class then stay taken for good.
    ///
    /// The records of all classes go back too. So a reset takes about as long as the arena took to make
    /// them, some microseconds for each class that was used: for a request that ends with all its blocks
    /// there are [`Linear`](crate::alloc::Linear) and [`StrategyPool`](crate::alloc::StrategyPool).
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks. Waits
    /// for threads that are just ending and hand their caches in.
    pub fn reset(&mut self) {
        self.pools.end();
        self.pages.lock().give_all_blocks();
    }
}

#[cfg(test)]
#[cfg(not(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle")))]
mod tests {
    use core::alloc::Layout;
    use core::ptr::NonNull;
    use std::sync::Barrier;

    use super::*;

    const CAPACITY: usize = 64 << 10;

    fn bytes(size: usize) -> Layout {
        Layout::from_size_align(size, 1).expect("a layout")
    }

    fn free(arena: &SlabArena, block: NonNull<u8>, size: usize) {
        // SAFETY: live, of this size, and freed once.
        unsafe { arena.deallocate(block, bytes(size)) };
    }

    /// Takes all pages for blocks of 64 bytes, and gives every second one back.
    fn full_of_holes(arena: &SlabArena) -> Vec<NonNull<u8>> {
        let blocks = core::iter::from_fn(|| arena.allocate(bytes(64)).ok().map(NonNull::cast));
        let blocks: Vec<NonNull<u8>> = blocks.collect();
        for block in blocks.iter().step_by(2) {
            free(arena, *block, 64);
        }
        blocks.into_iter().skip(1).step_by(2).collect()
    }

    fn has_more(arena: &SlabArena) -> bool {
        // Each class is asked, because a question takes the answer away.
        (0..POOLED).filter(|class| arena.pools.has_more(*class)).count() > 0
    }

    #[test]
    fn a_full_arena_looks_through_free_blocks_once() {
        let arena = SlabArena::new(CAPACITY).expect("an arena");
        let mut kept = full_of_holes(&arena);
        assert!(has_more(&arena), "half of the blocks were given back");
        for _ in 0..3 {
            for size in [128, 5000] {
                assert_eq!(arena.allocate(bytes(size)), Err(AllocError::Capacity));
            }
            assert!(!has_more(&arena), "there is something to look through again");
        }
        // What one thread gives back is found by the next request, whether the thread lives on or not.
        let blocks = [(); 2].map(|()| kept.pop().expect("many").addr());
        let turn = Barrier::new(2);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let [first, second] = blocks.map(NonNull::with_exposed_provenance);
                free(&arena, first, 64);
                turn.wait();
                turn.wait();
                free(&arena, second, 64);
            });
            turn.wait();
            assert!(has_more(&arena), "a block of another thread, which had no cache");
            assert_eq!(arena.allocate(bytes(128)), Err(AllocError::Capacity));
            assert!(!has_more(&arena));
            turn.wait();
            thread.join().expect("no panic");
        });
        assert!(has_more(&arena), "a block of a thread that has ended");
        assert_eq!(arena.allocate(bytes(128)), Err(AllocError::Capacity));
        free(&arena, kept.pop().expect("many"), 64);
        assert!(has_more(&arena), "a block in the cache of this thread");
        kept.into_iter().for_each(|block| free(&arena, block, 64));
        arena.allocate(bytes(CAPACITY - 4096)).expect("all pages but that of a few blocks");
    }
}
