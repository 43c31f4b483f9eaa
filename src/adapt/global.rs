//! The program's allocator, in both directions.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::ptr::{NonNull, null_mut};

use crate::alloc::{AllocError, Allocator, empty_block};
use crate::source::Source;
use crate::sync::abort;

/// An allocator of the family as the program's allocator.
///
/// ```standalone_crate
/// use core::mem::MaybeUninit;
/// use core::ptr::NonNull;
/// use stampool::adapt::Global;
/// use stampool::alloc::Static;
/// use stampool::alloc::wrap::Locked;
///
/// static mut BUFFER: [MaybeUninit<u8>; 1 << 20] = [const { MaybeUninit::uninit() }; 1 << 20];
///
/// #[global_allocator]
/// static GLOBAL: Global<Locked<Static<'static>>> = Global::new(Locked::new({
///     let start = NonNull::new((&raw mut BUFFER).cast()).unwrap();
///     // SAFETY: nothing else names the buffer.
///     unsafe { Static::from_raw_parts(start, 1 << 20) }
/// }));
///
/// let squares: Vec<u64> = (0..1000).map(|n| n * n).collect();
/// assert_eq!(squares[999], 998_001);
/// ```
///
/// The allocator must not get its own memory from the program's allocator, as
/// [`SystemSource`](crate::SystemSource) does, the default source of every member: behind a lock the
/// program then stops before `main`, and without one it calls itself. Its memory may come from a buffer,
/// or from another allocator by [`FromGlobal`]:
///
/// ```standalone_crate
/// use std::alloc::System;
/// use stampool::adapt::{FromGlobal, Global};
/// use stampool::alloc::GoodFit;
/// use stampool::alloc::wrap::Locked;
///
/// #[global_allocator]
/// static GLOBAL: Global<Locked<GoodFit<FromGlobal<System>>>> =
///     Global::new(Locked::new(GoodFit::new(FromGlobal(&System))));
///
/// let squares: Vec<u64> = (0..1000).map(|n| n * n).collect();
/// assert_eq!(squares[999], 998_001);
/// ```
///
/// What is in the static must be made by `const fn`s. The constructors of
/// [`Blocks`](crate::alloc::Blocks), [`Bitmap`](crate::alloc::Bitmap), [`Buddy`](crate::alloc::Buddy),
/// `Mapped` and `Reserved` are none, because they can fail. Nor may a
/// [`Checked`](crate::alloc::wrap::Checked), a [`Counted`](crate::alloc::wrap::Counted) or a
/// [`PerThread`](crate::alloc::wrap::PerThread) stand between the program and its memory: their own
/// records are in the program's memory.
///
/// The program's allocator must not unwind. A6 lets an allocator unwind in some cases, for instance if
/// its source panics; `Global` aborts the program then. Behind [`Locked`](crate::alloc::wrap::Locked)
/// the program stops instead: the machinery of panics allocates too, and waits for the lock that the
/// call still holds.
// The allocator is private: by a mutable place its owner could reset it in safe code while the
// program's blocks are live.
#[derive(Clone, Copy, Debug, Default)]
pub struct Global<A>(A);

impl<A> Global<A> {
    /// Makes `allocator` one that can be the program's.
    pub const fn new(allocator: A) -> Self {
        Self(allocator)
    }

    /// The allocator, for what it says about itself.
    pub const fn get(&self) -> &A {
        &self.0
    }
}

/// Aborts if it is dropped by a panic.
struct NoUnwinding;

impl Drop for NoUnwinding {
    fn drop(&mut self) {
        abort();
    }
}

#[inline]
fn without_unwinding<R>(call: impl FnOnce() -> R) -> R {
    let guard = NoUnwinding;
    let result = call();
    core::mem::forget(guard);
    result
}

#[inline]
fn pointer(answer: Result<NonNull<[u8]>, AllocError>) -> *mut u8 {
    answer.map_or(null_mut(), |block| block.cast().as_ptr())
}

// SAFETY: the rules A1 to A6. A block lives until it is freed, because the allocator is in a static
// or borrowed, and so neither dropped nor used by `&mut` while others use it.
unsafe impl<A: Allocator> GlobalAlloc for Global<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        without_unwinding(|| pointer(self.0.allocate(layout)))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        without_unwinding(|| pointer(self.0.allocate_zeroed(layout)))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(block) = NonNull::new(block) else { return };
        // SAFETY: by the caller.
        without_unwinding(|| unsafe { self.0.deallocate(block, layout) });
    }

    unsafe fn realloc(&self, block: *mut u8, old: Layout, new_size: usize) -> *mut u8 {
        let new = Layout::from_size_align(new_size, old.align());
        let (Some(block), Ok(new)) = (NonNull::new(block), new) else { return null_mut() };
        without_unwinding(|| {
            if new_size >= old.size() {
                // SAFETY: by the caller.
                pointer(unsafe { self.0.grow(block, old, new) })
            } else {
                // SAFETY: by the caller.
                pointer(unsafe { self.0.shrink(block, old, new) })
            }
        })
    }
}

/// A program's allocator, for instance `std::alloc::System`, as an allocator of the family.
///
/// It never resizes in place. It gives no reason for a failure, so each counts as
/// [`OutOfMemory`](AllocError::OutOfMemory).
///
/// ```
/// use std::alloc::{Layout, System};
/// use stampool::adapt::FromGlobal;
/// use stampool::alloc::Allocator;
///
/// let system = FromGlobal(&System);
/// let layout = Layout::new::<u64>();
/// let block = system.allocate(layout).expect("memory");
/// // SAFETY: the block is live, and has this layout.
/// unsafe { system.deallocate(block.cast(), layout) };
/// ```
///
/// It is a [`Source`] as well, so that a member or a pool gets its memory from this allocator and not
/// from the program's own:
///
/// ```
/// use std::alloc::{Layout, System};
/// use stampool::adapt::FromGlobal;
/// use stampool::alloc::Linear;
///
/// let linear = Linear::new(FromGlobal(&System));
/// assert!(linear.allocate(Layout::new::<u64>()).is_ok());
/// ```
///
/// It takes a reference for ever, and no value, because `GlobalAlloc` does not promise that blocks
/// stay valid when their allocator is moved or dropped:
///
/// ```compile_fail,E0308
/// # use stampool::adapt::FromGlobal;
/// _ = FromGlobal(std::alloc::System);
/// ```
pub struct FromGlobal<G: 'static>(pub &'static G);

impl<G> Clone for FromGlobal<G> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<G> Copy for FromGlobal<G> {}

impl<G> fmt::Debug for FromGlobal<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromGlobal").finish_non_exhaustive()
    }
}

fn slice(block: *mut u8, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    let block = NonNull::new(block).ok_or(AllocError::OutOfMemory)?;
    Ok(NonNull::slice_from_raw_parts(block, layout.size()))
}

// SAFETY: the contract of `GlobalAlloc` has the rules in other words, but for blocks without bytes,
// which are made here. The allocator is borrowed for ever, so it is neither moved nor dropped.
unsafe impl<G: GlobalAlloc> Allocator for FromGlobal<G> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        // SAFETY: the size is not zero.
        slice(unsafe { self.0.alloc(layout) }, layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        // SAFETY: the size is not zero.
        slice(unsafe { self.0.alloc_zeroed(layout) }, layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: by the caller; the block came from this allocator, with this layout, because
            // a returned length is the requested one.
            unsafe { self.0.dealloc(block.as_ptr(), layout) }
        }
    }
}

// SAFETY: the contract of `GlobalAlloc`, which has no regions without bytes. Blocks stay valid until
// they are freed, because the allocator is borrowed for ever, and neither moved nor dropped.
unsafe impl<G: GlobalAlloc + Sync> Source for FromGlobal<G> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { self.0.alloc(layout) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller, the region came from this allocator with this layout.
        unsafe { self.0.dealloc(region.as_ptr(), layout) }
    }
}
