//! Where memory comes from.
//!
//! A [`Source`] hands out regions and takes them back. A pool calls its source under the growth
//! lock only: for a new chunk, for a new thread cache, and when the pool is dropped. A source may
//! therefore be slow, and may block. An allocator of the [family](crate::docs::family) calls its
//! source when it grows and when it is reset or dropped, and the stack also when a scope closes or a
//! block is freed.

mod aligned;
mod buffer;
mod forward;
mod system;
mod unwinding;

pub(crate) use aligned::obtain_aligned;
pub use buffer::BufferSource;
pub use system::SystemSource;
pub(crate) use unwinding::finish;

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
/// No method may use the pool or the allocator that the source feeds, nor any handle or scope of it,
/// not even to ask for its usage. The calling handle of a pool is in the middle of a refill, and the
/// pool's growth lock is held; an allocator has lent its chunks out, and panics or waits for ever.
pub unsafe trait Source: Send {
    /// Returns a region of `layout`, or `None` if there is none. The size is never zero.
    ///
    /// The pool or the allocator gives a misaligned region back at once, and its caller gets
    /// [`AllocError::MisalignedSource`](crate::AllocError::MisalignedSource).
    ///
    /// # Panics
    ///
    /// If an implementation panics, the panic passes through the call that needed memory. The pool
    /// or the allocator is as it was before that call.
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes a region back. The pool calls this exactly once for each region, when the pool is
    /// dropped: on the thread that drops it, or on a thread that ends at that instant and is the
    /// last to use the pool. An allocator of the [family](crate::docs::family) calls this exactly
    /// once as well, when it no longer needs the region, at the latest when it is dropped.
    ///
    /// An [`ObjectPool`](crate::ObjectPool) that is dropped while objects are live, and whose
    /// [`LivePolicy`](crate::LivePolicy) says that it keeps its memory, never calls this, and never
    /// drops its source. Neither does a pool under [`EpochDeferred`](crate::EpochDeferred) whose
    /// collector is held up when the pool is dropped, by a thread that ends at that instant.
    ///
    /// # Panics
    ///
    /// If an implementation panics, the region counts as released. The pool or the allocator still
    /// releases the other regions that were to go back, once each, and then passes the panic on. An
    /// allocator that is not being dropped stays usable. A second panic aborts the process, and so
    /// does any panic on a thread that ends.
    ///
    /// # Safety
    ///
    /// `region` came from [`obtain`](Self::obtain) of this source with the same `layout`, and no
    /// thread uses it any more.
    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout);

    /// The largest alignment that this source can serve, in bytes. A pool needs at least 64. The
    /// default is 2^29, the largest alignment that a type may have, and a pool asks for no more.
    fn max_align(&self) -> usize {
        MAX_ALIGN
    }
}
