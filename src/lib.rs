// The README names chapters by labels. Here each label leads to the chapter's page; the README's
// own definitions, which come later and therefore do not count, lead to the file.
//! [choosing]: crate::docs::choosing
//! [design]: crate::docs::design
//! [family]: crate::docs::family
//! [forms]: crate::docs::forms
//! [glossary]: crate::docs::glossary
//! [own]: crate::docs::your_structure
//! [speed]: crate::docs
//! [verification]: crate::docs::verification
#![doc = ""]
#![doc = include_str!("../README.md")]
// Without `std` the members for one thread and the sources that need no system remain.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(all(feature = "family", feature = "std"))]
pub mod adapt;
#[cfg(feature = "family")]
pub mod alloc;
pub mod docs;

#[cfg(feature = "std")]
mod block;
#[cfg(feature = "std")]
mod checking;
#[cfg(feature = "std")]
mod chunk;
mod error;
#[cfg(feature = "std")]
mod free_list;
#[cfg(feature = "std")]
mod mediator;
#[cfg(feature = "std")]
mod pool;
pub mod source;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "std")]
mod thread_cache;
#[cfg(feature = "std")]
mod threads;

#[cfg(feature = "std")]
pub use block::Block;
#[cfg(feature = "std")]
pub use checking::{Checked, Checking, Hardened, Unchecked};
pub use error::{AllocError, BuildError, Full};
#[cfg(feature = "std")]
pub use free_list::{
    DoubleWidthCas, EpochDeferred, Locked, Quiescent, Strategy, TagPolicy, TaggedPacked, TaggedWide,
};
#[cfg(feature = "std")]
pub use pool::{
    ArenaSource, AtomicPackedStamped, AtomicStamped, Census, Counted, ExactPool, LivePolicy, Local,
    ObjectPool, ObjectPoolBuilder, OwnedPooled, PackedStamped, Pool, PoolBuilder, Pooled,
    SharedPooled, Stale, Stamped, StampedLocal, StampedPool, StaticPool, Stats, ThreadLocalPool,
};
#[cfg(feature = "std")]
pub use source::SystemSource;
pub use source::{BufferSource, Source};
#[cfg(feature = "std")]
pub use thread_cache::SlotStats;
#[cfg(feature = "std")]
pub use threads::{
    EndHook, ExplicitHandles, StdThreads, ThreadHandling, ThreadId, Topology, Watcher,
};

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod raw;

/// Declares static pools ([`StaticPool`]): each is built at its first use, from the builder given.
///
/// # Panics
///
/// The first use panics if [`build_thread_local`](PoolBuilder::build_thread_local) fails.
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
///
/// stampool::static_pool! {
///     /// Blocks of a cache line.
///     pub static LINES: ThreadLocalPool = Pool::builder(Layout::new::<[u64; 8]>()).batch(32);
/// }
///
/// let block = LINES.allocate().expect("memory");
/// // SAFETY: allocated from this pool, and used by nobody else.
/// unsafe { LINES.deallocate(block) };
/// ```
#[cfg(feature = "std")]
#[macro_export]
macro_rules! static_pool {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident:
        ThreadLocalPool $(<$($parameter:ty),+>)? = $builder:expr;)+) => {
        $($(#[$attribute])*
        $visible static $name: $crate::StaticPool $(<$($parameter),+>)? =
            $crate::StaticPool::new(|| $builder.build_thread_local());)+
    };
}
