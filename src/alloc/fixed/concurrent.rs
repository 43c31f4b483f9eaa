//! A linear allocator for several threads, on one buffer.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr::NonNull;

use super::refusal;
use crate::alloc::atomic_bump::AtomicBump;
use crate::alloc::bump::serve;
use crate::alloc::{Usage, inherent};
use crate::error::AllocError;
use crate::sync::const_when_shipped;

/// A linear allocator for several threads, on one buffer of the caller's. It has no source and
/// never grows.
///
/// A request that does not fit leaves the mark where it is, so a smaller request still finds the
/// room.
///
/// ```text
///  start --v             mark --v            v-- end of the buffer
///          | blocks             |    free    |
/// ```
///
/// # When to take it
///
/// Take it for a signal handler, or for threads that share a fixed part of the memory. Leave it where one
/// thread allocates: [`Static`](crate::alloc::Static) needs no atomics.
///
/// # Invariants
///
/// - The mark moves by compare-and-swap alone, and never beyond the end of the buffer. So each byte below
///   it is in one block, or was skipped or freed.
/// - A call that fails leaves the mark where it was.
///
/// # Complexity
///
/// An allocation is one compare-and-swap, which is repeated if another thread has moved the mark
/// meanwhile. All other calls are constant.
///
/// # Progress
///
/// Lock-free. A signal handler may call it, whatever the handler interrupted.
///
/// # Example
///
/// ```
/// use core::ptr::NonNull;
/// use std::alloc::Layout;
/// use stampool::alloc::{AllocError, AsyncStatic};
///
/// #[repr(align(16))]
/// struct Buffer([u8; 64]);
///
/// static mut BUFFER: Buffer = Buffer([0; 64]);
/// static ARENA: AsyncStatic<'static> = {
///     let start = NonNull::new((&raw mut BUFFER).cast()).unwrap();
///     // SAFETY: nothing else names the buffer.
///     unsafe { AsyncStatic::from_raw_parts(start, 64) }
/// };
///
/// let layout = Layout::from_size_align(40, 1)?;
/// assert!(ARENA.allocate(layout).is_ok());
/// assert_eq!(ARENA.allocate(layout), Err(AllocError::Capacity));
/// # Ok::<(), core::alloc::LayoutError>(())
/// ```
// A1, A2: `AtomicBump` hands out each byte of the buffer once, and the buffer is borrowed. A3 to
// A6: as `AsyncLinear`.
pub struct AsyncStatic<'b> {
    bump: AtomicBump,
    buffer: PhantomData<&'b mut [MaybeUninit<u8>]>,
}

impl<'b> AsyncStatic<'b> {
    const_when_shipped! {
        /// Serves from `buffer`. If it is not aligned as a block must be, the bytes in front of
        /// that block are skipped, and a block of the buffer's whole length never fits.
        pub fn new(buffer: &'b mut [MaybeUninit<u8>]) -> Self {
            let len = buffer.len();
            // SAFETY: a reference is not null.
            let start = unsafe { NonNull::new_unchecked(buffer.as_mut_ptr()) }.cast();
            // SAFETY: the buffer is borrowed for `'b`.
            unsafe { Self::from_raw_parts(start, len) }
        }
    }

    const_when_shipped! {
        /// Serves from the `len` bytes at `start`.
        ///
        /// # Safety
        ///
        /// The bytes lie in one allocation, are `isize::MAX` at most, and are valid for reads and writes
        /// during `'b`. Nobody else uses them.
        pub unsafe fn from_raw_parts(start: NonNull<u8>, len: usize) -> Self {
            // SAFETY: the end of the caller's buffer.
            let end = unsafe { start.add(len) };
            // SAFETY: by the caller.
            let bump = unsafe { AtomicBump::new(start, start, end) };
            Self { bump, buffer: PhantomData }
        }
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

    /// Bytes below the mark; all bytes of the buffer count as obtained. Exact while no other thread
    /// allocates or frees.
    pub fn usage(&self) -> Usage {
        let Range { start, end } = self.memory_range();
        let len = end.addr().get() - start.addr().get();
        Usage {
            used_bytes: self.bump.used(),
            live_blocks: None,
            obtained_bytes: len,
            overhead_bytes: 0,
            capacity_bytes: Some(len),
        }
    }

    /// The buffer.
    pub fn memory_range(&self) -> Range<NonNull<u8>> {
        self.bump.start()..self.bump.end()
    }

    /// Invalidates all blocks.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    pub fn reset(&mut self) {
        let Range { start, end } = self.memory_range();
        // SAFETY: the buffer is this value's, and by `&mut` all blocks are invalid (A1).
        self.bump = unsafe { AtomicBump::new(start, start, end) };
    }
}

inherent::member! {
    ['b] AsyncStatic<'b>, blocks of "this allocator": Owner, Reset, Contiguous, Debug("AsyncStatic");

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
