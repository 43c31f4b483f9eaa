//! Two allocators, one after the other.

use core::alloc::Layout;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::both;
use crate::alloc::served::Served;
use crate::alloc::{Allocator, Owner, Reset, Static, Usage, empty_block, inherent};
use crate::error::AllocError;

/// Asks one allocator, and a second one for what the first refuses.
///
/// A block goes back to the allocator that it came from, which is the first one if it
/// [owns](Owner::owns) the block's address. So a free costs one more look at the first allocator's
/// regions, and the second one must not have its memory from the first. Where the first one is a buffer,
/// [`with_buffer`](Self::with_buffer) makes sure of that.
///
/// # When to take it
///
/// Take it for memory that is better but scarce, such as a buffer on the stack, with another
/// allocator behind it. To put one source of regions behind another, take
/// [`FallbackSource`](crate::source::FallbackSource), which costs nothing in a free.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use std::mem::MaybeUninit;
/// use stampool::alloc::wrap::Fallback;
/// use stampool::alloc::Linear;
///
/// let mut buffer = [const { MaybeUninit::uninit() }; 100];
/// let near = Fallback::with_buffer(&mut buffer, Linear::default());
/// let layout = Layout::new::<[u8; 60]>();
/// let (here, there) = (near.allocate(layout)?, near.allocate(layout)?);
/// assert!(near.first_owns(here.cast()));
/// assert!(near.second().owns(there.cast()), "the buffer has no room for both");
/// # Ok::<(), stampool::alloc::AllocError>(())
/// ```
// I1: the first one owns the addresses of its live blocks, and of none of the second one's. The caller
// of `new` promises it. Safe code cannot break it later: no method returns a reference to the first
// one, so nobody takes memory from it and hands it to the second one.
//
// A1, A2, A4: a block is one of the two's, and all calls for it go there, by I1. Blocks without bytes
// belong to neither (A5). A3: the first one's refusal changes nothing.
pub struct Fallback<A, B> {
    first: A,
    second: B,
}

impl<A, B> Fallback<A, B> {
    /// Asks `first`, and then `second`.
    ///
    /// # Safety
    ///
    /// `first` owns the address of each of its live blocks, and of no live block of `second`. So neither
    /// `second` nor the source of its regions gets memory from `first`, also not by another reference to
    /// it.
    pub const unsafe fn new(first: A, second: B) -> Self {
        Self { first, second }
    }

    /// The allocator that is asked for what the first one refuses.
    pub const fn second(&self) -> &B {
        &self.second
    }
}

impl<'b, B> Fallback<Static<'b>, B> {
    /// Serves from `buffer`, and from `second` what the buffer has no room for.
    pub const fn with_buffer(buffer: &'b mut [MaybeUninit<u8>], second: B) -> Self {
        // SAFETY: the buffer is borrowed by `&mut`, so the second one has no memory in it, and nobody
        // else has the static allocator.
        unsafe { Self::new(Static::new(buffer), second) }
    }
}

impl<A: Owner, B: Allocator> Fallback<A, B> {
    /// Whether the first allocator serves from the memory at `address`.
    pub fn first_owns(&self, address: NonNull<u8>) -> bool {
        self.first.owns(address)
    }

    /// The usage of the first allocator alone.
    pub fn first_usage(&self) -> Usage {
        self.first.usage()
    }

    /// Returns a block of `layout` of the first allocator, or of the second if the first has none.
    ///
    /// # Errors
    ///
    /// If both refuse. The reason is [`AllocError::Unsupported`] only if neither ever serves the
    /// layout, and [`AllocError::Capacity`] only if neither gives a reason but these two. If both give
    /// another one, it is that of the second.
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        self.first.allocate(layout).or_else(|first| {
            self.second.allocate(layout).map_err(|second| both::reason(first, second))
        })
    }

    /// # Safety
    ///
    /// `block` is a live block of this allocator, and `layout` fits it.
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        if self.first.owns(block) {
            // SAFETY: by the caller; by I1 the block is the first one's.
            unsafe { self.first.deallocate(block, layout) }
        } else {
            // SAFETY: by the caller; by I1 the block is the second one's.
            unsafe { self.second.deallocate(block, layout) }
        }
    }

    /// # Safety
    ///
    /// As for [`Allocator::grow_in_place`].
    unsafe fn grow_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        let grown = if old.size() == 0 {
            Err(AllocError::NotInPlace)
        } else if self.first.owns(block) {
            // SAFETY: by the caller; by I1 the block is the first one's.
            unsafe { self.first.grow_in_place(block, old, new) }
        } else {
            // SAFETY: by the caller; by I1 the block is the second one's.
            unsafe { self.second.grow_in_place(block, old, new) }
        };
        // Whatever the reason is there, the other allocator may have room.
        grown.map_err(|_| AllocError::NotInPlace)
    }

    /// # Safety
    ///
    /// As for [`Allocator::shrink_in_place`].
    unsafe fn shrink_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        if new.size() == 0 {
            // A block without bytes is made anew, and this one is freed.
            return Err(AllocError::NotInPlace);
        }
        let shrunk = if self.first.owns(block) {
            // SAFETY: by the caller; by I1 the block is the first one's.
            unsafe { self.first.shrink_in_place(block, old, new) }
        } else {
            // SAFETY: by the caller; by I1 the block is the second one's.
            unsafe { self.second.shrink_in_place(block, old, new) }
        };
        shrunk.map_err(|_| AllocError::NotInPlace)
    }
}

impl<A: Owner, B: Owner> Fallback<A, B> {
    /// Whether `address` lies in a region of one of the two.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.first.owns(address) || self.second.owns(address)
    }

    /// The usage of both together.
    pub fn usage(&self) -> Usage {
        both::sum(self.first.usage(), self.second.usage())
    }
}

impl<A: Reset, B: Reset> Fallback<A, B> {
    /// Invalidates the blocks of both.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If a source panics in `release`. All blocks are invalid nevertheless.
    pub fn reset(&mut self) {
        both::reset(&mut self.first, &mut self.second);
    }
}

inherent::member! {
    [A: Owner, B: Allocator] Fallback<A, B>, blocks of "this allocator":
        Owner for [A: Owner, B: Owner], Reset for [A: Reset, B: Reset];

    /// Gives a block back to the allocator that it came from.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is, as its allocator does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if its allocator does not.
    unsafe grow_in_place(self, block, old, new) = self.grow_there(block, old, new);

    /// Makes a block shorter where it is, as its allocator does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if its allocator does not, or if no bytes would be left.
    unsafe shrink_in_place(self, block, old, new) = self.shrink_there(block, old, new);
}

impl<A, B> fmt::Debug for Fallback<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").finish_non_exhaustive()
    }
}
