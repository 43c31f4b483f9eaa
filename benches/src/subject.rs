//! What is measured: anything that hands out blocks to threads.

use core::alloc::Layout;
use core::ptr::NonNull;

/// The block of all workloads: 64 bytes.
pub const BLOCK: Layout = Layout::new::<[u64; 8]>();

/// Hands out blocks of [`BLOCK`]'s layout.
pub trait Subject: Send + Sync {
    /// One thread's access.
    type Handle<'s>: Handle
    where
        Self: 's;

    /// Access for the calling thread.
    fn handle(&self) -> Self::Handle<'_>;
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
