//! Allocators that are told from which part a block comes, and values whose part is chosen from the type.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, needs_drop};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use super::placement::Placement;
use crate::alloc::Allocator;
use crate::alloc::served::Served;
use crate::error::Full;

/// An allocator that is told from which of its parts a block comes: a
/// [`StrategyPool`](super::StrategyPool), its scopes, and a pool behind a
/// [`Locked`](crate::alloc::wrap::Locked) or a [`Counted`](crate::alloc::wrap::Counted).
///
/// # Safety
///
/// A block of [`allocate_with`](Self::allocate_with) is a block of the allocator as one of
/// [`allocate`](Allocator::allocate) is, and the same rules hold for it. It is freed and resized without
/// its placement.
pub unsafe trait Places: Allocator {
    /// Returns a block of `layout`, from the part that `placement` names.
    ///
    /// # Errors
    ///
    /// As that part; [`AllocError::Unsupported`](crate::alloc::AllocError::Unsupported) if it never
    /// serves such a layout.
    fn allocate_with(&self, layout: Layout, placement: Placement) -> Served;

    /// Where a value of this layout is placed. `drops` says whether it has drop glue.
    fn placement_for(&self, layout: Layout, drops: bool) -> Placement;

    /// Moves `value` into a block whose part is chosen from the type: the fixed part, where the value
    /// fits and fills more than half of a block; a class of sizes, if it has drop glue; otherwise the
    /// heap.
    ///
    /// The box drops the value and frees the block.
    ///
    /// # Errors
    ///
    /// The value, and the reason as [`allocate_with`](Self::allocate_with) has it.
    fn alloc_value<T>(&self, value: T) -> Result<PlacedBox<'_, T, Self>, Full<T>>
    where
        Self: Sized,
    {
        PlacedBox::new(value, self)
    }
}

/// A value in a block of an allocator that the box borrows. The drop of the box drops the value and
/// frees the block, also if the value's destructor panics.
///
/// It is what the `Box` of allocator-api2 is, without that crate: it is there without features, and its
/// block comes from the part that suits the type ([`Places::alloc_value`]).
///
/// A box that is [leaked](Self::leak) is a reference as long as the borrow of the allocator: then the
/// value is never dropped, and its block goes when the scope closes or the pool is reset.
// B1: `value` is a live block of `allocator` of the layout of `T`, and holds a value that belongs to this
// box.
pub struct PlacedBox<'a, T, A: Allocator> {
    value: NonNull<T>,
    allocator: &'a A,
    owns: PhantomData<T>,
}

// SAFETY: the box owns its value, which may be sent if the box is; the allocator is used by the thread
// that drops the box, beside others.
unsafe impl<T: Send, A: Allocator + Sync> Send for PlacedBox<'_, T, A> {}
// SAFETY: a shared box gives `&T` alone.
unsafe impl<T: Sync, A: Allocator + Sync> Sync for PlacedBox<'_, T, A> {}

impl<'a, T, A: Places> PlacedBox<'a, T, A> {
    pub(super) fn new(value: T, allocator: &'a A) -> Result<Self, Full<T>> {
        let layout = Layout::new::<T>();
        let placement = allocator.placement_for(layout, needs_drop::<T>());
        let block = match allocator.allocate_with(layout, placement) {
            Ok(block) => block.cast::<T>(),
            Err(error) => return Err(Full { value, error }),
        };
        // SAFETY: the block was just allocated for a `T`, so it is long enough, aligned and may be
        // written (A1).
        unsafe { block.write(value) };
        Ok(Self { value: block, allocator, owns: PhantomData })
    }
}

impl<'a, T, A: Allocator> PlacedBox<'a, T, A> {
    /// Moves the value out, and frees the block.
    // An associated function, as that of `Box` is, so that it hides no method of the value.
    pub fn into_inner(this: Self) -> T {
        let this = ManuallyDrop::new(this);
        // SAFETY: the value is the box's (B1), which does not drop it any more.
        let value = unsafe { this.value.read() };
        // SAFETY: a live block of this layout (B1), which nobody uses from here on.
        unsafe { this.allocator.deallocate(this.value.cast(), Layout::new::<T>()) };
        value
    }

    /// Lends the value as long as the allocator is borrowed. It is never dropped, so what it owns
    /// elsewhere leaks, and its block is not freed by itself.
    pub fn leak(this: Self) -> &'a mut T {
        let this = ManuallyDrop::new(this);
        // SAFETY: the block is live as long as the allocator is borrowed (B1, A2), and nobody else knows
        // it, for the box is gone.
        unsafe { &mut *this.value.as_ptr() }
    }
}

impl<T, A: Allocator> Deref for PlacedBox<'_, T, A> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value is the box's (B1).
        unsafe { self.value.as_ref() }
    }
}

impl<T, A: Allocator> DerefMut for PlacedBox<'_, T, A> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value is the box's (B1), which is borrowed by `&mut`.
        unsafe { self.value.as_mut() }
    }
}

impl<T, A: Allocator> Drop for PlacedBox<'_, T, A> {
    fn drop(&mut self) {
        /// Frees the block when the destructor has returned or unwinds.
        struct Free<'a, A: Allocator>(&'a A, NonNull<u8>, Layout);
        impl<A: Allocator> Drop for Free<'_, A> {
            fn drop(&mut self) {
                // SAFETY: a live block of this layout (B1), whose value is gone.
                unsafe { self.0.deallocate(self.1, self.2) };
            }
        }
        let _block = Free(self.allocator, self.value.cast(), Layout::new::<T>());
        // SAFETY: the value is the box's (B1), which is being dropped.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T: fmt::Debug, A: Allocator> fmt::Debug for PlacedBox<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
