//! A thread's own piece of a linear allocator that several threads share.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use super::concurrent::AsyncLinear;
use crate::alloc::bump::{Bump, serve};
use crate::alloc::inherent;
use crate::error::AllocError;
use crate::source::{Source, SystemSource};

/// The first run, in bytes. Runs double up to [`LARGEST_RUN_BYTES`].
const FIRST_RUN_BYTES: usize = 4 << 10;
const LARGEST_RUN_BYTES: usize = 64 << 10;
/// The alignment of a run, in bytes: a cache line, so that no two threads share one.
const RUN_ALIGN: usize = 64;

/// A thread's own piece of an [`AsyncLinear`]: it takes a run of bytes by one compare-and-swap, and
/// then moves a mark of its own through it, without atomics.
///
/// Runs double from 4 to 64 KiB. A request that the current run has no room for goes to the allocator's
/// mark if its size or its alignment is more than a quarter of the next run, or if the allocator has no
/// such run. When the piece is dropped, the rest of its run goes back if it is still the last one.
/// Blocks stay live, and may be freed through the allocator.
///
/// A container that allocates from a run borrows the run. So runs whose blocks are used later are made
/// outside of the threads and lent to them by `&mut`; a block then lives as long as the run:
///
/// ```
/// # #[cfg(feature = "allocator-api2-02")] {
/// use allocator_api2_02::vec::Vec as ArenaVec;
/// use stampool::alloc::AsyncLinear;
///
/// let arena = AsyncLinear::default();
/// let mut runs: Vec<_> = (0..4).map(|_| arena.run()).collect();
/// let squares: Vec<&[u64]> = std::thread::scope(|scope| {
///     let mut threads = Vec::new();
///     for run in &mut runs {
///         threads.push(scope.spawn(move || {
///             let mut squares = ArenaVec::new_in(&*run);
///             squares.extend((0..10_u64).map(|n| n * n));
///             &*ArenaVec::leak(squares)
///         }));
///     }
///     threads.into_iter().map(|thread| thread.join().unwrap()).collect()
/// });
/// assert!(squares.iter().all(|squares| squares[9] == 81));
/// # }
/// ```
///
/// ```text
///  the allocator: | header | mark | block | run of thread 1 | block | run of thread 2 |  free  |
///  a run:                                 | blocks |  free  |
///                                                  ^-- its own mark
/// ```
///
/// # When to take it
///
/// Take one for each thread that allocates much. A thread that allocates now and then calls the
/// allocator itself, and leaves no rest of a run behind.
///
/// # Invariants
///
/// - The bytes of a run are one block of the allocator. They belong to this value and its blocks.
/// - A call that fails leaves both marks where they were.
///
/// # Complexity
///
/// Constant and without atomics while the run lasts; a new run is one compare-and-swap, or two where
/// another thread has allocated meanwhile.
///
/// A run that has no room for a request is made longer, if nothing was allocated above it and the chunk
/// has room. Else its rest is lost until the reset: less than half of the run, if no request is aligned to
/// more than its size.
pub struct Run<'a, S: Source = SystemSource> {
    parent: &'a AsyncLinear<S>,
    bump: Bump,
    next_bytes: Cell<usize>,
}

// SAFETY: the rest of its run is this value's alone, and the allocator may be used by every thread.
unsafe impl<S: Source> Send for Run<'_, S> {}

impl<S: Source> AsyncLinear<S> {
    /// A piece for the calling thread. It takes its first run at the first allocation.
    pub const fn run(&self) -> Run<'_, S> {
        Run { parent: self, bump: Bump::empty(), next_bytes: Cell::new(FIRST_RUN_BYTES) }
    }
}

impl<S: Source> Run<'_, S> {
    /// Returns a block of `layout`.
    ///
    /// # Errors
    ///
    /// As [`AsyncLinear::allocate`].
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        serve(layout, || self.bump.take(layout), || self.refill_and_take(layout))
    }

    #[cold]
    #[inline(never)]
    fn refill_and_take(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let bytes = self.next_bytes.get();
        let run = Layout::from_size_align(bytes, RUN_ALIGN).map_err(|_| AllocError::Unsupported)?;
        // A refused run is no refusal of the request, which may still fit.
        let is_small = layout.size() <= bytes / 4 && layout.align() <= bytes / 4;
        let Some(run) = is_small.then(|| self.next_run(run)).flatten() else {
            return self.parent.allocate(layout).map(NonNull::cast);
        };
        let start = run.cast::<u8>();
        // SAFETY: the run has this many bytes.
        let end = unsafe { start.add(run.len()) };
        // SAFETY: the run is this value's.
        unsafe { self.bump.set(start, end) };
        self.next_bytes.set((bytes * 2).min(LARGEST_RUN_BYTES));
        Ok(self.bump.take(layout).expect("a run has room for a quarter of it"))
    }

    /// Makes what is left of the run as long as a new one, if nothing lies above it and the chunk has
    /// room, or takes a new one; then the rest of the old one is lost until the reset.
    fn next_run(&self, run: Layout) -> Option<NonNull<[u8]>> {
        let (rest, mark) = (self.bump.remaining(), self.bump.mark());
        // It ends where a cache line does, as a new one would.
        let end = mark.addr().get().checked_add(run.size())?.checked_next_multiple_of(RUN_ALIGN)?;
        if let Ok(old) = Layout::from_size_align(rest, 1)
            && let Ok(new) = Layout::from_size_align(end - mark.addr().get(), 1)
            && rest != 0
            && rest < run.size()
            // SAFETY: this value owns the rest of its run, as a block from its mark on.
            && let Ok(longer) = unsafe { self.parent.grow_in_place(mark, old, new) }
        {
            return Some(longer);
        }
        self.parent.allocate(run).ok()
    }

    /// Gives what is left of the run to the allocator's mark, which takes it if nothing lies above.
    fn give_rest_back(&self) {
        let rest = self.bump.remaining();
        if let (Ok(layout), mark) = (Layout::from_size_align(rest, 1), self.bump.mark()) {
            // SAFETY: this value owns the rest of its run, as a block from the allocator's mark.
            unsafe { self.parent.deallocate(mark, layout) };
            // SAFETY: nothing of the run is served from here on.
            unsafe { self.bump.set(mark, mark) };
        }
    }
}

impl<S: Source> Drop for Run<'_, S> {
    fn drop(&mut self) {
        self.give_rest_back();
    }
}

inherent::member! {
    ['a, S: Source] Run<'a, S>, blocks of "this run or its allocator":;

    /// Takes a block back. Its memory is free again if it was the last block of this run.
    // A block from elsewhere can end at this run's mark too, if the run begins behind it and is
    // empty; then its bytes become a part of the run.
    unsafe deallocate(self, block, layout) = self.bump.give(block, layout.size());

    /// Makes the last block of the run longer where it is.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it is not the last one, or the run has no room.
    unsafe grow_in_place(self, block, old, new) = self.bump.grow(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free if it was the last block.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = self.bump.shrink(block, old, new);
}

impl<S: Source> fmt::Debug for Run<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("rest_bytes", &self.bump.remaining()).finish_non_exhaustive()
    }
}
