//! Where memory comes from.
//!
//! A [`Source`] hands out regions and takes them back. A pool calls its source under the growth
//! lock only: for a new chunk, for a new thread cache, and when the pool is dropped. A source may
//! therefore be slow, and may block.

mod buffer;
mod forward;
mod system;

pub use buffer::BufferSource;
pub use system::SystemSource;

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::block::MAX_ALIGN;

/// A supplier of memory regions.
///
/// # Safety
///
/// A region returned by [`obtain`](Self::obtain) must be valid for reads and writes of
/// `layout.size()` bytes, overlap no other live region, and stay so until it is released or, where
/// it is never released, for the source's life. Moving the source must not move its regions.
///
/// No method may use the pool that the source feeds, nor any handle of it: the calling handle is in
/// the middle of a refill, and the pool's growth lock is held.
pub unsafe trait Source: Send {
    /// Returns a region of `layout`, or `None` if there is none. The size is never zero.
    ///
    /// The pool gives a misaligned region back at once, and its caller gets
    /// [`AllocError::MisalignedSource`](crate::AllocError::MisalignedSource).
    ///
    /// # Panics
    ///
    /// If an implementation panics, the panic passes through the call that needed memory. The pool
    /// is as it was before that call.
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a region back. The pool calls this exactly once for each region, when the pool is
    /// dropped: on the thread that drops it, or on a thread that ends at that instant and is the
    /// last to use the pool.
    ///
    /// An [`ObjectPool`](crate::ObjectPool) that is dropped while objects are live, and whose
    /// [`LivePolicy`](crate::LivePolicy) says that it keeps its memory, never calls this, and never
    /// drops its source. Neither does a pool under [`EpochDeferred`](crate::EpochDeferred) whose
    /// collector is held up when the pool is dropped, by a thread that ends at that instant.
    ///
    /// # Panics
    ///
    /// If an implementation panics, the pool still releases its other regions, once each, and then
    /// passes the panic on. A second panic aborts the process, and so does any panic on a thread
    /// that ends.
    ///
    /// # Safety
    ///
    /// `region` came from [`obtain`](Self::obtain) of this source with the same `layout`, and no
    /// thread uses it any more.
    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout);

    /// The largest alignment that this source can serve, in bytes. A pool needs at least 64. The
    /// default is 2^29, the largest alignment that a layout may have.
    fn max_align(&self) -> usize {
        MAX_ALIGN
    }
}
