//! A family of allocators: small, exact members that share two traits and compose.
//!
//! A member obtains regions from a [`Source`](crate::Source) and hands out blocks through
//! [`Allocator`]. The pools of this crate's root serve blocks of one layout to many threads; the
//! members here serve blocks of any layout, or keep to one thread and need no atomic at all. The
//! chapter [`family`](crate::docs::family) says which member to take.
//!
//! Every member has inherent methods with the names of the traits' methods, so a caller imports no
//! trait. `&T` of each member also implements the `Allocator` of the crate `allocator-api2`, if the
//! feature of that version is on.
//!
//! # The contract
//!
//! These are the rules of the `Allocator` that Rust's standard library is stabilising, with names.
//! `SAFETY` comments and the [conformance kit](conformance) cite them. A block is *live* from the
//! `Ok` that returned it until it is given back, or moved by an `Ok`, or the allocator is dropped
//! or used by `&mut`, or a lifetime in the allocator's type ends.
//!
//! - **A1, valid.** A live block is valid for reads and writes of its whole length, aligned to its
//!   layout, and disjoint from other live blocks and from the allocator's own data. A block that
//!   moves takes its bytes along.
//! - **A2, stable.** No call by `&self` invalidates another live block, and moving the allocator's
//!   value invalidates none. So no member stores blocks inside its own value.
//! - **A3, failure changes nothing.** After an `Err` the block, its bytes, all other blocks and the
//!   allocator's [`Usage`] are as they were before.
//! - **A4, fit.** The size that is passed back with a block may be any size from the requested one
//!   to the returned length. It makes no difference which.
//! - **A5, size zero.** The result is aligned and not null, and takes no memory.
//! - **A6, no surprise.** The end of a block does not wrap around the address space, and no call
//!   unwinds.
//! - **A7, the reason is true.** An error says why: [`OutOfMemory`](AllocError::OutOfMemory) if the
//!   source gave none, [`Capacity`](AllocError::Capacity) if the allocator is at a limit of its
//!   own, [`Unsupported`](AllocError::Unsupported) if it never serves such a layout, whatever is
//!   freed, [`NotInPlace`](AllocError::NotInPlace) if the block would have to move, which only the
//!   two calls for resizing in place say.

mod blocks;
mod bump;
mod chunks;
mod defaults;
mod fixed;
mod forward;
mod linear;
mod pools;
mod shared_bump;
mod stack;
mod usage;

pub mod conformance;
pub mod wrap;

pub use blocks::Blocks;
pub(crate) use defaults::empty as empty_block;
pub use fixed::{AsyncStatic, Static};
pub use linear::{AsyncLinear, Linear, Run};
pub use pools::{BlockPool, PoolAllocator};
pub use stack::{Scope, Stack};
pub use usage::Usage;

use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

pub use crate::error::AllocError;

/// Hands out blocks of memory and takes them back.
///
/// # Safety
///
/// An implementation keeps the rules A1 to A7 in the [module's documentation](self).
pub unsafe trait Allocator {
    /// Returns a block that is at least as long as `layout` says and aligned as it says. Its bytes
    /// are not initialised. The returned length may be more than was asked for, and all of it is
    /// the caller's.
    ///
    /// # Errors
    ///
    /// The reason, as A7 has it.
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError>;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, and `layout` fits it (A4).
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout);

    /// Makes a block longer without moving it.
    ///
    /// # Errors
    ///
    /// [`NotInPlace`](AllocError::NotInPlace), and the block is as it was. That is the answer of
    /// an allocator that never resizes in place, and the default.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, `old` fits it (A4), and `new` is not smaller.
    unsafe fn grow_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        _ = (block, old, new);
        Err(AllocError::NotInPlace)
    }

    /// Makes a block shorter without moving it.
    ///
    /// # Errors
    ///
    /// As [`grow_in_place`](Self::grow_in_place).
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, `old` fits it (A4), and `new` is not larger.
    unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        _ = (block, old, new);
        Err(AllocError::NotInPlace)
    }

    /// As [`allocate`](Self::allocate), and the whole block is zero.
    ///
    /// # Errors
    ///
    /// As there.
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        defaults::allocate_zeroed(self, layout)
    }

    /// Makes a block longer, in place or by moving it. The bytes up to `old.size()` stay.
    ///
    /// # Errors
    ///
    /// The reason; the block is then as it was, and still live.
    ///
    /// # Safety
    ///
    /// As for [`grow_in_place`](Self::grow_in_place).
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { defaults::grow(self, block, old, new) }
    }

    /// As [`grow`](Self::grow), and all bytes behind `old.size()` are zero.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { defaults::grow_zeroed(self, block, old, new) }
    }

    /// Makes a block shorter, in place or by moving it. The bytes up to `new.size()` stay.
    ///
    /// # Errors
    ///
    /// The reason; the block is then as it was, and still live.
    ///
    /// # Safety
    ///
    /// As for [`shrink_in_place`](Self::shrink_in_place).
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { defaults::shrink(self, block, old, new) }
    }
}

/// An allocator that knows its memory.
pub trait Owner: Allocator {
    /// Whether `address` lies in a region from which this allocator serves blocks. It takes
    /// constant time, or time logarithmic in the memory obtained, unless the member says otherwise.
    fn owns(&self, address: NonNull<u8>) -> bool;

    /// How much memory is in use. Exact while no other thread uses the allocator.
    fn usage(&self) -> Usage;
}

/// An allocator that can take all of its blocks back at once.
pub trait Reset: Owner {
    /// Invalidates every block. Nothing is in use afterwards.
    fn reset(&mut self);
}

/// An allocator whose blocks all lie in one region, which never changes.
pub trait Contiguous: Owner {
    /// From the region's first byte to the byte behind its last.
    fn memory_range(&self) -> Range<NonNull<u8>>;
}

// SAFETY: all calls go to the allocator behind the reference, which keeps the rules. Blocks do not
// become invalid when the reference is moved or dropped.
unsafe impl<A: Allocator + ?Sized> Allocator for &A {
    forward::to_inner!(self => (**self));
}

impl<A: Owner + ?Sized> Owner for &A {
    fn owns(&self, address: NonNull<u8>) -> bool {
        (**self).owns(address)
    }

    fn usage(&self) -> Usage {
        (**self).usage()
    }
}
