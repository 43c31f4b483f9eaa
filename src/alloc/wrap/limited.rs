//! An allocator with a limit.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use super::exact_length::exactly;
use crate::alloc::served::Served;
use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::error::AllocError;

/// An allocator that limits the bytes that are live at one time.
///
/// It counts what callers ask for: the sizes of the layouts of the live blocks. What the allocator
/// inside loses for alignment, or cannot use again, does not count.
///
/// A block is exactly as long as it was asked for, so that each byte that a caller may use is counted.
/// A block that has to move in order to grow counts twice meanwhile. One thread at a time may call it,
/// also if the allocator inside is for several; a [`Locked`](super::Locked) around it lifts that.
///
/// # When to take it
///
/// Take it to give one of several users of an allocator a share of its bytes: each wraps a reference to
/// the allocator. Leave it to limit what the allocator obtains: a
/// [`LimitedSource`](crate::source::LimitedSource) below the allocator does that.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::wrap::Limited;
/// use stampool::alloc::{AllocError, Stack};
///
/// let share = Limited::new(Stack::default(), 100);
/// let layout = Layout::new::<[u8; 60]>();
/// let block = share.allocate(layout)?;
/// assert_eq!(share.allocate(layout), Err(AllocError::Capacity), "40 bytes are left");
/// // SAFETY: the block is live, and has this layout.
/// unsafe { share.deallocate(block.cast(), layout) };
/// assert_eq!(share.live_bytes(), 0);
/// # Ok::<(), AllocError>(())
/// ```
// I1: `live` is the sum of the sizes of the live blocks' layouts, and at most `limit`. A block is as
// long as its layout says, so one size alone fits it (A4), and what a free takes off is what its
// allocation added. All other rules are those of the allocator inside.
pub struct Limited<A> {
    inner: A,
    limit: usize,
    live: Cell<usize>,
}

impl<A> Limited<A> {
    /// Limits the bytes of `inner` that are live at one time to `limit_bytes`.
    pub const fn new(inner: A, limit_bytes: usize) -> Self {
        Self { inner, limit: limit_bytes, live: Cell::new(0) }
    }

    /// The allocator inside. What it serves directly is not counted.
    pub const fn get(&self) -> &A {
        &self.inner
    }

    /// The allocator, without this wrapper. Its blocks stay live.
    pub fn into_inner(self) -> A {
        self.inner
    }

    /// The most bytes.
    pub const fn limit_bytes(&self) -> usize {
        self.limit
    }

    /// Bytes of the live blocks, as they were asked for.
    pub const fn live_bytes(&self) -> usize {
        self.live.get()
    }

    const fn rest(&self) -> usize {
        self.limit - self.live.get()
    }
}

impl<A: Allocator> Limited<A> {
    /// Returns a block of `layout`, exactly as long as that.
    ///
    /// # Errors
    ///
    /// [`AllocError::Unsupported`] if the size is above the limit, and [`AllocError::Capacity`] if
    /// so many bytes are live that it is above the rest; otherwise as the allocator inside.
    pub fn allocate(&self, layout: Layout) -> Served {
        if layout.size() > self.limit {
            return Err(AllocError::Unsupported);
        }
        if layout.size() > self.rest() {
            return Err(AllocError::Capacity);
        }
        let block = self.inner.allocate(layout)?;
        self.live.set(self.live.get() + layout.size());
        Ok(exactly(block, layout))
    }

    /// # Safety
    ///
    /// `block` is a live block of this allocator, and `layout` fits it.
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.inner.deallocate(block, layout) }
        self.live.set(self.live.get() - layout.size());
    }

    /// # Safety
    ///
    /// As for [`Allocator::grow_in_place`].
    unsafe fn grow_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        let more = new.size() - old.size();
        if more > self.rest() {
            // The allocation at the new place then says why.
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: by the caller.
        let grown = unsafe { self.inner.grow_in_place(block, old, new) }?;
        self.live.set(self.live.get() + more);
        Ok(exactly(grown, new))
    }

    /// # Safety
    ///
    /// As for [`Allocator::shrink_in_place`].
    unsafe fn shrink_there(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        // SAFETY: by the caller.
        let shrunk = unsafe { self.inner.shrink_in_place(block, old, new) }?;
        self.live.set(self.live.get() - (old.size() - new.size()));
        Ok(exactly(shrunk, new))
    }
}

impl<A: Owner> Limited<A> {
    /// Whether `address` lies in a region of the allocator inside.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.inner.owns(address)
    }

    /// The usage of the allocator inside, except that the bytes in use are those that count against
    /// the limit, and the limit is the capacity.
    pub fn usage(&self) -> Usage {
        let inner = self.inner.usage();
        let capacity = inner.capacity_bytes.map_or(self.limit, |most| most.min(self.limit));
        Usage { used_bytes: self.live.get(), capacity_bytes: Some(capacity), ..inner }
    }
}

impl<A: Reset> Limited<A> {
    /// Invalidates all blocks. The whole limit is free afterwards.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All that was said here is done nevertheless.
    pub fn reset(&mut self) {
        // First, because every block is invalid even if the source panics.
        self.live.set(0);
        self.inner.reset();
    }
}

inherent::member! {
    [A: Allocator] Limited<A>, blocks of "this allocator":
        Owner for [A: Owner], Reset for [A: Reset];

    /// Takes a block back.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is, as the allocator inside does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the limit does not allow it; otherwise as the allocator inside.
    unsafe grow_in_place(self, block, old, new) = self.grow_there(block, old, new);

    /// Makes a block shorter where it is, as the allocator inside does.
    ///
    /// # Errors
    ///
    /// As the allocator inside.
    unsafe shrink_in_place(self, block, old, new) = self.shrink_there(block, old, new);
}

impl<A> fmt::Debug for Limited<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("limit_bytes", &self.limit)
            .field("live_bytes", &self.live.get())
            .finish_non_exhaustive()
    }
}
