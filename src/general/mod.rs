//! A general allocator on the core: for whole programs, by `#[global_allocator]`.
//!
//! ```text
//!                       up to 32 KiB                      up to 1 MiB            larger
//! alloc(layout) --> class --> the thread's slot           class                  a mapping
//!                                  | batches                 | single blocks        ^
//!                                  v                         v                      | some are kept
//!                             mediator of the class <--------+                    system
//!                                  ^
//!                                  | chunks, under the growth lock
//!                               system
//! ```
//!
//! The classes' mediators, slots and growth are those of the pools, so the code that exchanges blocks
//! between threads is the code that the model checkers check. All of it lies in statics, and no part asks
//! the program's allocator for anything.
//!
//! Linux alone, because it asks the system for mappings.

mod cache;
mod central;
mod classes;
mod fork;
mod large;
mod mapping;
mod records;
mod stats;

pub use stats::{GeneralClass, GeneralStats};

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{NonNull, null_mut};

use crate::block::Block;
use central::CENTRALS;
use classes::Route;

/// An allocator for whole programs.
///
/// ```
/// use stampool::general::Stampool;
///
/// #[global_allocator]
/// static ALLOCATOR: Stampool = Stampool;
///
/// let words: Vec<String> = (0..100).map(|nth| nth.to_string()).collect();
/// let sums = std::thread::scope(|scope| scope.spawn(|| words.concat().len()).join());
/// assert_eq!(sums.expect("no panic"), 190);
/// assert!(ALLOCATOR.stats().source_bytes > 0);
/// ```
///
/// # Shape
///
/// Sizes are rounded up to one of 60 classes, 16 bytes apart up to 128 bytes and four in each octave up
/// to 1 MiB: at most a fifth of a block is lost, and less than a tenth on average. A larger block has
/// whole pages. Every alignment is served.
///
/// # Threads
///
/// A thread keeps up to two batches of each class of up to 32 KiB that it uses, a batch being 8 KiB, 64
/// blocks, or one, whichever is least. They go to other threads when the thread ends. The allocator may be
/// used before `main`, in the destructors of thread-locals and after them.
///
/// # Memory
///
/// The chunks of a class stay with it. Mappings above 1 MiB go back to the system when they are freed, but
/// for 16 of at most 64 MiB in all, which [`trim`](Stampool::trim) gives back.
///
/// # Fork
///
/// A process may fork at any time, from the first use of the allocator on, whatever its other threads do.
/// In the child, blocks in the caches of the parent's other threads stay out of reach.
///
/// # Errors
///
/// If the system has no memory, `alloc` returns null, and later calls are served when it has.
///
/// # Progress
///
/// A call that the thread's cache serves is wait-free. An exchange is lock-free where a CAS of 128 bits is.
/// A class that grows, a thread that uses a class for the first time, and each block above 1 MiB take a
/// lock.
///
/// # What is checked
///
/// The exchange of blocks is the pools', with all that `papers/verification.md` says of it. What is around
/// it (the caches of all classes of one thread, mappings, forks) is tested, and not model-checked yet.
///
/// # Source
///
/// Bonwick & Adams 2001 for slots and magazines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stampool;

impl Stampool {
    /// Gives the mappings back to the system that were freed and are kept, and returns their bytes.
    pub fn trim(&self) -> usize {
        large::trim()
    }

    /// A block of this layout, which may have no bytes.
    #[inline(always)]
    fn take(layout: Layout) -> Option<NonNull<u8>> {
        match Route::of(layout) {
            Route::Cached(class) => cache::take(class).map(Block::as_non_null),
            route => Self::take_uncached(route, layout),
        }
    }

    #[inline(never)]
    fn take_uncached(route: Route, layout: Layout) -> Option<NonNull<u8>> {
        match route {
            Route::Shared(class) => CENTRALS[class].take_one().map(Block::as_non_null),
            _ => large::take(layout),
        }
    }

    /// # Safety
    ///
    /// [`take`](Self::take) returned the block for a layout of the same route, and nobody uses it.
    #[inline(always)]
    unsafe fn give(block: NonNull<u8>, layout: Layout) {
        match Route::of(layout) {
            // SAFETY: by the caller.
            Route::Cached(class) => unsafe { cache::give(class, Block(block)) },
            // SAFETY: by the caller.
            route => unsafe { Self::give_uncached(route, block, layout) },
        }
    }

    /// # Safety
    ///
    /// As [`give`](Self::give).
    #[inline(never)]
    unsafe fn give_uncached(route: Route, block: NonNull<u8>, layout: Layout) {
        match route {
            Route::Shared(class) => CENTRALS[class].give_one(Block(block)),
            // SAFETY: by the caller.
            _ => unsafe { large::give(block, layout) },
        }
    }
}

fn or_null(block: Option<NonNull<u8>>) -> *mut u8 {
    block.map_or(null_mut(), NonNull::as_ptr)
}

// SAFETY: a block is handed out once until it is given back: by the mediator of its class, whose chunks
// are mappings of their own, or as a mapping. It has the layout's size and alignment (SZ1, SZ3), and no
// call unwinds: none of those made here panics, but for a bug.
unsafe impl GlobalAlloc for Stampool {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        or_null(Self::take(layout))
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: by the caller a block, so not null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: by the caller.
        unsafe { Self::give(block, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Route::of(layout) == Route::Mapped {
            return or_null(large::take_zeroed(layout));
        }
        let block = or_null(Self::take(layout));
        if !block.is_null() {
            // SAFETY: the block has so many bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, old: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: by the caller the size is not too large for the alignment.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, old.align()) };
        let (from, to) = (Route::of(old), Route::of(new));
        if from == to && from != Route::Mapped {
            return block;
        }
        // SAFETY: by the caller a block, so not null.
        let start = unsafe { NonNull::new_unchecked(block) };
        if from == Route::Mapped && to == Route::Mapped {
            // SAFETY: by the caller.
            if let Some(moved) = unsafe { large::resize(start, old, new) } {
                return moved.as_ptr();
            }
        }
        let Some(moved) = Self::take(new) else { return null_mut() };
        // SAFETY: both blocks have so many bytes, and are different.
        unsafe { moved.copy_from_nonoverlapping(start, old.size().min(new_size)) };
        // SAFETY: by the caller.
        unsafe { Self::give(start, old) };
        moved.as_ptr()
    }
}
