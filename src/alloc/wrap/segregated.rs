//! Two allocators, one for small layouts.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::both;
use crate::alloc::served::Served;
use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::error::AllocError;

/// Serves small layouts from one allocator, and all others from a second one.
///
/// A layout is small if neither its size nor its alignment is larger than those of the layout that
/// [`new`](Self::new) got. A block goes back by its layout alone, so nobody searches for its owner.
/// If one of the two refuses, the other one is not asked: a small block would otherwise have to be
/// looked for in both. So the first allocator should serve the whole layout that `new` got; a small
/// layout that it does not serve is [`Unsupported`](AllocError::Unsupported).
///
/// # When to take it
///
/// Take it with [`Blocks`](crate::alloc::Blocks) for the layout that a program uses most. For two such
/// layouts put one `Segregated` into another.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::SystemSource;
/// use stampool::alloc::wrap::Segregated;
/// use stampool::alloc::{Blocks, Stack};
///
/// let node = Layout::new::<[usize; 4]>();
/// let nodes = Blocks::new(node, SystemSource)?;
/// let heap = Segregated::new(node, nodes, Stack::new(SystemSource));
/// let (small, large) = (heap.allocate(node)?, heap.allocate(Layout::new::<[u8; 100]>())?);
/// assert!(heap.small().owns(small.cast()) && heap.large().owns(large.cast()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// A block of the small allocator is at most as long as the limit, whatever that one returned, so
// every size that fits it is small; a block of the large one is longer, or its alignment is larger,
// which a free repeats exactly. So the layout that comes back with a block leads to the allocator
// that it came from (A4). All other rules are those of the two.
pub struct Segregated<A, B> {
    up_to: Layout,
    small: A,
    large: B,
}

impl<A, B> Segregated<A, B> {
    /// Serves layouts up to the size and the alignment of `up_to` from `small`, and all others from
    /// `large`.
    pub const fn new(up_to: Layout, small: A, large: B) -> Self {
        Self { up_to, small, large }
    }

    /// The allocator of small layouts.
    pub const fn small(&self) -> &A {
        &self.small
    }

    /// The allocator of all others.
    pub const fn large(&self) -> &B {
        &self.large
    }

    #[inline]
    const fn is_small(&self, layout: Layout) -> bool {
        layout.size() <= self.up_to.size() && layout.align() <= self.up_to.align()
    }

    /// A block of the small allocator, no longer than a small one may be.
    #[inline]
    fn narrowed(&self, block: NonNull<[u8]>) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(block.cast(), block.len().min(self.up_to.size()))
    }
}

impl<A: Allocator, B: Allocator> Segregated<A, B> {
    /// Returns a block of `layout`, from the allocator that serves such layouts.
    ///
    /// # Errors
    ///
    /// As that one.
    pub fn allocate(&self, layout: Layout) -> Served {
        if self.is_small(layout) {
            self.small.allocate(layout).map(|block| self.narrowed(block))
        } else {
            self.large.allocate(layout)
        }
    }

    /// # Safety
    ///
    /// `block` is a live block of this allocator, and `layout` fits it.
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        if self.is_small(layout) {
            // SAFETY: by the caller; a block that a small layout fits is the small one's.
            unsafe { self.small.deallocate(block, layout) }
        } else {
            // SAFETY: by the caller; no other layout fits a block of the small one.
            unsafe { self.large.deallocate(block, layout) }
        }
    }

    /// # Safety
    ///
    /// As for [`Allocator::grow_in_place`].
    unsafe fn grow_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        match (self.is_small(old), self.is_small(new)) {
            (true, true) => {
                // SAFETY: by the caller; the block is the small one's.
                let grown = unsafe { self.small.grow_in_place(block, old, new) };
                grown.map(|block| self.narrowed(block))
            }
            // SAFETY: by the caller; the block is the large one's.
            (false, false) => unsafe { self.large.grow_in_place(block, old, new) },
            _ => Err(AllocError::NotInPlace),
        }
    }

    /// # Safety
    ///
    /// As for [`Allocator::shrink_in_place`].
    unsafe fn shrink_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        match (self.is_small(old), self.is_small(new)) {
            (true, true) => {
                // SAFETY: by the caller; the block is the small one's.
                let shrunk = unsafe { self.small.shrink_in_place(block, old, new) };
                shrunk.map(|block| self.narrowed(block))
            }
            // SAFETY: by the caller; the block is the large one's.
            (false, false) => unsafe { self.large.shrink_in_place(block, old, new) },
            _ => Err(AllocError::NotInPlace),
        }
    }
}

impl<A: Owner, B: Owner> Segregated<A, B> {
    /// Whether `address` lies in a region of one of the two.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.small.owns(address) || self.large.owns(address)
    }

    /// The usage of both together.
    pub fn usage(&self) -> Usage {
        both::sum(self.small.usage(), self.large.usage())
    }
}

impl<A: Reset, B: Reset> Segregated<A, B> {
    /// Invalidates the blocks of both.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If a source panics in `release`. All blocks are invalid nevertheless.
    pub fn reset(&mut self) {
        both::reset(&mut self.small, &mut self.large);
    }
}

inherent::member! {
    [A: Allocator, B: Allocator] Segregated<A, B>, blocks of "this allocator":
        Owner for [A: Owner, B: Owner], Reset for [A: Reset, B: Reset];

    /// Gives a block back to the allocator that serves its layout.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is, as its allocator does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the other allocator serves the new layout; otherwise as the
    /// block's allocator.
    unsafe grow_in_place(self, block, old, new) = self.grow_there(block, old, new);

    /// Makes a block shorter where it is, as its allocator does.
    ///
    /// # Errors
    ///
    /// As [`grow_in_place`](Self::grow_in_place).
    unsafe shrink_in_place(self, block, old, new) = self.shrink_there(block, old, new);
}

impl<A, B> fmt::Debug for Segregated<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segregated").field("up_to", &self.up_to).finish_non_exhaustive()
    }
}
