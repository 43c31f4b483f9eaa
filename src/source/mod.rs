//! Where memory comes from.
//!
//! A [`Source`] hands out regions and takes them back. A pool calls its source under the growth
//! lock only: for a new chunk, for a new thread cache, and when the pool is dropped. A source may
//! therefore be slow, and may block. An allocator of the [family](crate::docs::family) calls its
//! source when it is made or when it grows, and when it is reset or dropped. The stack also calls it
//! when a scope closes, but never while a block is freed or resized in place.

#[cfg(any(feature = "family", feature = "std"))]
mod aligned;
mod buffer;
mod default;
mod fallback;
mod forward;
mod limited;
#[cfg(all(feature = "os", target_os = "linux"))]
mod mmap;
mod owning;
#[cfg(feature = "std")]
mod records;
#[cfg(all(feature = "os", target_os = "linux"))]
mod reserved;
#[cfg(feature = "std")]
mod system;
#[cfg(feature = "std")]
mod testing;
#[cfg(any(feature = "family", feature = "std"))]
mod unwinding;

#[cfg(any(feature = "family", feature = "std"))]
pub(crate) use aligned::obtain_aligned;
pub use buffer::BufferSource;
pub(crate) use default::DefaultSource;
pub use fallback::FallbackSource;
pub use limited::LimitedSource;
#[cfg(all(feature = "os", target_os = "linux"))]
pub use mmap::{HugePageSize, HugePages, MapError, MapOptions, Mapped, NodeSet, NumaPolicy};
pub use owning::OwningSource;
#[cfg(feature = "std")]
pub(crate) use records::Records;
#[cfg(all(feature = "os", target_os = "linux"))]
pub use reserved::Reserved;
#[cfg(feature = "std")]
pub use system::SystemSource;
#[cfg(feature = "std")]
pub use testing::{CountingSource, FailingSource, Faults, SourceCounts};
#[cfg(any(feature = "family", feature = "std"))]
pub(crate) use unwinding::finish;

use core::alloc::Layout;
use core::ptr::NonNull;

/// The largest alignment that a type can have, in bytes.
pub(crate) const LARGEST_ALIGN: usize = 1 << 29;

#[cfg(feature = "std")]
const _: () = assert!(LARGEST_ALIGN == crate::block::MAX_ALIGN);

/// A supplier of memory regions.
///
/// ```text
///  obtain --> region --> extend (any number of times) --> release
///                                                         once, as one piece
/// ```
///
/// A pool or an allocator owns its source, and is the only user of the regions that it obtains. A
/// region belongs to that user from the call of [`obtain`](Self::obtain) that returned it until the
/// call of [`release`](Self::release) that takes it back.
///
/// # Safety
///
/// What an implementation promises:
///
/// - **Valid.** A region is valid for reads and writes of all its bytes, through the pointer that
///   [`obtain`](Self::obtain) returned, until it is released or, where it is never released, until
///   the source is dropped. This holds for the bytes that [`extend`](Self::extend) adds, too.
/// - **Disjoint.** A region overlaps no other region that has not been released, also none that
///   another user obtained.
/// - **Stable.** No call but the release of that region ends its validity, and neither does moving
///   the source.
/// - **Records.** [`obtain_records`](Self::obtain_records) and
///   [`release_records`](Self::release_records) are overridden together or not at all, and what is said
///   here of regions holds for those of records.
/// - **Constant.** [`granule`](Self::granule) and [`max_align`](Self::max_align) answer the same number
///   in every call, and `max_align` a power of two.
///
/// A misaligned region is the one fault that users of a source must expect and handle.
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

    /// Takes a region back. The pool calls this exactly once for each region, at the latest when the
    /// pool is dropped: on the thread that drops it, or on a thread that ends at that instant and is
    /// the last to use the pool. A pool that is [shrunk](crate::Pool::shrink) calls this earlier, on
    /// the thread that shrinks it, for regions that have only free blocks.
    ///
    /// An allocator of the [family](crate::docs::family) calls this exactly once as well, when it no
    /// longer needs the region, at the latest when it is dropped. A region that was extended goes
    /// back as one, with the layout that the last extension gave it.
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
    /// `region` came from [`obtain`](Self::obtain) of this source and was not released since,
    /// `layout` is the layout that it was obtained with or that [`extend`](Self::extend) last gave
    /// it, and no thread uses it any more.
    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout);

    /// Makes a region longer where it is, and answers whether it has done so. If it has, the
    /// region's layout is `new` from now on. If it has not, everything is as it was.
    ///
    /// The bytes of the region stay as they are, and the bytes behind them are not initialised. The
    /// pointer that [`obtain`](Self::obtain) returned is good for all of them. The default
    /// implementation refuses.
    ///
    /// # Panics
    ///
    /// As [`obtain`](Self::obtain). The region then has its old layout.
    ///
    /// # Safety
    ///
    /// `region` is a region of this source that has not been released, its layout is `old`, and `new`
    /// has the same alignment and is larger.
    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        _ = (region, old, new);
        false
    }

    /// Returns a region for records of the user's own: the slots and magazines of a pool. By default
    /// this is [`obtain`](Self::obtain), whose promises hold here too. A source whose memory is scarce,
    /// or is meant for blocks alone, takes such regions from elsewhere. They stay until the user is
    /// dropped.
    ///
    /// # Panics
    ///
    /// As [`obtain`](Self::obtain).
    fn obtain_records(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.obtain(layout)
    }

    /// Takes a region of records back. By default this is [`release`](Self::release).
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// `region` came from [`obtain_records`](Self::obtain_records) of this source, which returned it
    /// for this `layout`. It was not released since, and no thread uses it any more.
    unsafe fn release_records(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller; a source that obtains records elsewhere overrides this as well.
        unsafe { self.release(region, layout) }
    }

    /// The bytes in which the source counts, for instance a page: a region takes as many bytes as its
    /// size rounded up to a multiple of this. An allocator of the family makes its chunks as long as
    /// what they take, so that nothing behind them is lost. The default is 1.
    fn granule(&self) -> usize {
        1
    }

    /// Whether the memory of a region that goes back can be obtained again, from this source or from
    /// the system. If not, a pool has nothing to gain from giving memory back, and keeps its chunks
    /// when it is [shrunk](crate::Pool::shrink). The default is true.
    fn reuses(&self) -> bool {
        true
    }

    /// The largest alignment that this source can serve, in bytes. A pool needs at least 64. A member
    /// of the family that obtains chunks needs at least 16, and answers
    /// [`AllocError::Unsupported`](crate::AllocError::Unsupported) if the source has less; it asks for no
    /// more, and serves a block that is aligned to more from a chunk that is longer by the padding. The
    /// default is 2^29, the largest alignment that a type may have, and a pool asks for no more.
    fn max_align(&self) -> usize {
        LARGEST_ALIGN
    }
}
