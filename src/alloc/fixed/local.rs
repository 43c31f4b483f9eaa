//! A linear allocator for one thread, on one buffer.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr::NonNull;

use super::refusal;
use crate::alloc::bump::{Bump, serve};
use crate::alloc::{Usage, inherent};
use crate::error::AllocError;

/// A linear allocator for one thread, on one buffer of the caller's. It has no source and never
/// grows.
///
/// It works as [`Linear`](crate::alloc::Linear), and asks nobody for memory. The buffer may have any
/// address and any length; bytes that are skipped for alignment are lost until the reset.
///
/// ```text
///  start --v             mark --v            v-- end of the buffer
///          | blocks             |    free    |
/// ```
///
/// # When to take it
///
/// Take it if there is no source to ask, as in a firmware or early in a boot, or if a fixed part of the
/// memory must be enough. Leave it if nobody knows how much is enough: [`Linear`](crate::alloc::Linear)
/// grows, also from a buffer, with a [`FallbackSource`](crate::source::FallbackSource).
///
/// # Invariants
///
/// - The mark lies in the buffer, or at its end. Each byte below it is in one block, or was skipped or
///   freed; no byte above it is handed out.
/// - A call that fails leaves the mark where it was, so a smaller request may still fit.
///
/// # Complexity
///
/// Every call is constant.
///
/// # Example
///
/// ```
/// use core::mem::MaybeUninit;
/// use std::alloc::Layout;
/// use stampool::alloc::{AllocError, Static};
///
/// let mut buffer = [const { MaybeUninit::uninit() }; 64];
/// let fixed = Static::new(&mut buffer);
/// let layout = Layout::from_size_align(40, 1)?;
/// assert!(fixed.allocate(layout).is_ok());
/// assert_eq!(fixed.allocate(layout), Err(AllocError::Capacity));
/// # Ok::<(), core::alloc::LayoutError>(())
/// ```
///
/// In a `static` it stands behind a lock, or, in a program without the standard library, in a type that
/// is `Sync` because of what that program knows (one core and no interrupt that allocates, or a lock of
/// its own): `struct OneCore(Static<'static>);` with an `unsafe impl Sync`. An allocator in a static is
/// never reset.
///
/// ```
/// use core::ptr::NonNull;
/// use std::alloc::Layout;
/// use stampool::alloc::Static;
/// use stampool::alloc::wrap::Locked;
///
/// #[repr(align(16))]
/// struct Buffer([u8; 4096]);
///
/// static mut BUFFER: Buffer = Buffer([0; 4096]);
/// static ARENA: Locked<Static<'static>> = Locked::new({
///     let start = NonNull::new((&raw mut BUFFER).cast()).unwrap();
///     // SAFETY: nothing else names the buffer.
///     unsafe { Static::from_raw_parts(start, 4096) }
/// });
///
/// assert!(ARENA.allocate(Layout::new::<u64>()).is_ok());
/// ```
// A1, A2: `Bump` hands out each byte of the buffer once, and the buffer is borrowed. A3 to A6: as
// `Linear`.
pub struct Static<'b> {
    bump: Bump,
    start: NonNull<u8>,
    len: usize,
    buffer: PhantomData<&'b mut [MaybeUninit<u8>]>,
}

// SAFETY: the buffer is borrowed by `&mut`, so it is this value's alone.
unsafe impl Send for Static<'_> {}

impl<'b> Static<'b> {
    /// Serves from `buffer`. If it is not aligned as a block must be, the bytes in front of that
    /// block are skipped, and a block of the buffer's whole length never fits.
    pub const fn new(buffer: &'b mut [MaybeUninit<u8>]) -> Self {
        let len = buffer.len();
        // SAFETY: a reference is not null.
        let start = unsafe { NonNull::new_unchecked(buffer.as_mut_ptr()) }.cast();
        // SAFETY: the buffer is borrowed for `'b`.
        unsafe { Self::from_raw_parts(start, len) }
    }

    /// Serves from the `len` bytes at `start`.
    ///
    /// # Safety
    ///
    /// The bytes lie in one allocation, are `isize::MAX` at most, and are valid for reads and writes
    /// during `'b`. Nobody else uses them.
    pub const unsafe fn from_raw_parts(start: NonNull<u8>, len: usize) -> Self {
        // SAFETY: the end of the caller's buffer.
        let end = unsafe { start.add(len) };
        // SAFETY: by the caller.
        let bump = unsafe { Bump::new(start, end) };
        Self { bump, start, len, buffer: PhantomData }
    }

    /// Returns a block of `layout`.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`] if what is left of the buffer is too small;
    /// [`AllocError::Unsupported`] if the whole buffer is.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        serve(layout, || self.bump.take(layout), || Err(refusal(self.memory_range(), layout)))
    }

    /// Bytes below the mark; all bytes of the buffer count as obtained.
    pub fn usage(&self) -> Usage {
        Usage {
            used_bytes: self.bump.mark().addr().get() - self.start.addr().get(),
            live_blocks: None,
            obtained_bytes: self.len,
            overhead_bytes: 0,
            capacity_bytes: Some(self.len),
        }
    }

    /// The buffer.
    pub fn memory_range(&self) -> Range<NonNull<u8>> {
        // SAFETY: the end of the buffer.
        self.start..unsafe { self.start.add(self.len) }
    }

    /// Invalidates all blocks.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    pub fn reset(&mut self) {
        let Range { start, end } = self.memory_range();
        // SAFETY: the buffer is this value's, and by `&mut` all blocks are invalid (A1).
        self.bump = unsafe { Bump::new(start, end) };
    }
}

inherent::member! {
    ['b] Static<'b>, blocks of "this allocator": Owner, Reset, Contiguous, Debug("Static");

    /// Takes a block back. Its memory is free again if it was the last block.
    unsafe deallocate(self, block, layout) = self.bump.give(block, layout.size());

    /// Makes the last block longer where it is.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it is not the last one, or the buffer has no room.
    unsafe grow_in_place(self, block, old, new) = self.bump.grow(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free if it was the last block.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = self.bump.shrink(block, old, new);
}
