//! What is measured: anything that hands out blocks to threads.

use core::alloc::Layout;
use core::ptr::NonNull;

/// The sizes of block that can be measured, in bytes.
pub const SIZES: [usize; 4] = [16, 64, 256, 4096];

/// Alignment of all blocks, in bytes.
const ALIGN: usize = 8;

/// A block of so many bytes.
///
/// # Panics
///
/// On a size that no memory can have.
pub const fn block_of(size_bytes: usize) -> Layout {
    match Layout::from_size_align(size_bytes, ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("a block is much smaller than memory"),
    }
}

/// Hands out blocks of one layout.
pub trait Subject: Send + Sync {
    /// One thread's access.
    type Handle<'s>: Handle
    where
        Self: 's;

    /// Whether a thread keeps what it has until it ends, whatever becomes of its handles.
    const KEPT: bool = false;

    /// Access for the calling thread.
    fn handle(&self) -> Self::Handle<'_>;

    /// Blocks that it has cut or asked for so far, live and free, where it can tell.
    fn blocks(&self) -> Option<usize> {
        None
    }
}

/// One thread's access to a [`Subject`].
///
/// Implementations are `#[inline]`: what they do is measured, not the call.
pub trait Handle {
    /// Takes a block. The workloads keep few enough that there always is one.
    fn allocate(&mut self) -> NonNull<u8>;

    /// Gives a block back.
    ///
    /// # Safety
    ///
    /// `block` came from [`allocate`](Self::allocate) of a handle of the same subject, and has not
    /// been given back since.
    unsafe fn deallocate(&mut self, block: NonNull<u8>);
}
