//! Values in the blocks of members that end many blocks at one time. The caller gets a `&mut` that borrows the
//! allocator, so no `unsafe` is needed: a block stays live while its allocator is borrowed by `&`.

#![allow(clippy::mut_from_ref, reason = "each call lends another block")]

use core::alloc::Layout;

use super::{AllocError, Allocator};
use crate::error::Full;

/// Moves `value` into a block of `allocator`, and lends it.
///
/// # Errors
///
/// The value, and why there is no block.
#[inline]
pub(super) fn value<A: Allocator, T>(allocator: &A, value: T) -> Result<&mut T, Full<T>> {
    let block = match allocator.allocate(Layout::new::<T>()) {
        Ok(block) => block.cast::<T>(),
        Err(error) => return Err(Full { value, error }),
    };
    // SAFETY: the block was just allocated for a `T`, so it is long enough, aligned and may be written (A1).
    unsafe { block.write(value) };
    // SAFETY: the block is live as long as the allocator is borrowed. No call by `&self` ends it (A2), and
    // neither a drop nor a use by `&mut` is possible meanwhile: not of the allocator, and not of one that
    // it borrows, such as the stack of a scope. Nobody else knows the block.
    Ok(unsafe { &mut *block.as_ptr() })
}

/// Copies `values` into a block of `allocator`, and lends the copy.
///
/// # Errors
///
/// Why there is no block.
#[inline]
pub(super) fn slice<'a, A: Allocator, T: Copy>(
    allocator: &'a A,
    values: &[T],
) -> Result<&'a mut [T], AllocError> {
    let block = allocator.allocate(Layout::for_value(values))?.cast::<T>();
    // SAFETY: the block was just allocated for so many values (A1), and overlaps nothing.
    unsafe {
        block.copy_from_nonoverlapping(core::ptr::NonNull::from(values).cast(), values.len())
    };
    // SAFETY: as in `value`: the block is live as long as the allocator is borrowed, and nobody else
    // knows it.
    Ok(unsafe { core::slice::from_raw_parts_mut(block.as_ptr(), values.len()) })
}

/// Copies `text` into a block of `allocator`, and lends the copy.
///
/// # Errors
///
/// Why there is no block.
#[inline]
pub(super) fn text<'a, A: Allocator>(
    allocator: &'a A,
    text: &str,
) -> Result<&'a mut str, AllocError> {
    let copy = slice(allocator, text.as_bytes())?;
    // SAFETY: the bytes of a text.
    Ok(unsafe { core::str::from_utf8_unchecked_mut(copy) })
}

/// Gives members the calls of this module as inherent methods.
macro_rules! lends {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        /// Values that are lent as long as the allocator is borrowed.
        impl<$($generics)*> $type {
            /// Moves `value` into a block and lends it, as long as this allocator is borrowed.
            ///
            /// The value is never dropped, so what it owns elsewhere leaks.
            ///
            /// # Errors
            ///
            /// The value, and the reason as `allocate` has it.
            #[inline]
            pub fn alloc<T>(&self, value: T) -> Result<&mut T, $crate::error::Full<T>> {
                $crate::alloc::typed::value(self, value)
            }

            /// Copies `values` into a block and lends the copy, as long as this allocator is borrowed.
            ///
            /// # Errors
            ///
            /// As `allocate`.
            #[inline]
            pub fn alloc_slice_copy<T: Copy>(
                &self,
                values: &[T],
            ) -> Result<&mut [T], $crate::error::AllocError> {
                $crate::alloc::typed::slice(self, values)
            }

            /// Copies `text` into a block and lends the copy, as long as this allocator is borrowed.
            ///
            /// # Errors
            ///
            /// As `allocate`.
            #[inline]
            pub fn alloc_str(&self, text: &str) -> Result<&mut str, $crate::error::AllocError> {
                $crate::alloc::typed::text(self, text)
            }
        }
    )*};
}

lends! {
    [S: crate::source::Source] super::Linear<S>;
    [] super::Static<'_>;
    [S: crate::source::Source] super::Stack<S>;
    [S: crate::source::Source] super::Scope<'_, S>;
    [S: crate::source::Source] super::StrategyPool<S>;
    [S: crate::source::Source] super::StrategyScope<'_, S>;
}

#[cfg(feature = "std")]
lends! {
    [S: crate::source::Source] super::AsyncLinear<S>;
    [S: crate::source::Source] super::Run<'_, S>;
    [] super::AsyncStatic<'_>;
}
