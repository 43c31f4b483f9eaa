// The README names chapters by labels. Here each label leads to the chapter's page; the README's
// own definitions, which come later and therefore do not count, lead to the file.
//! [choosing]: crate::docs::choosing
//! [design]: crate::docs::design
//! [family]: crate::docs::family
//! [forms]: crate::docs::forms
//! [general]: crate::docs::general
//! [glossary]: crate::docs::glossary
//! [own]: crate::docs::your_structure
//! [speed]: crate::docs
//! [verification]: crate::docs::verification
#![doc = ""]
#![doc = include_str!("../README.md")]
// docs.rs builds with a nightly compiler, which labels each item with the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Without `std` the members for one thread and the sources that need no system remain.
#![cfg_attr(not(feature = "std"), no_std)]
// A user's type that contains one of ours can derive `Debug`.
#![warn(missing_debug_implementations)]

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
#[cfg(all(feature = "general", target_os = "linux"))]
#[cfg_attr(docsrs, doc(cfg(feature = "general")))]
pub mod general;
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
    ArenaSource, AtomicPackedStamped, AtomicStamped, Census, Constructor, Counted, ExactPool,
    LazyPool, LivePolicy, Local, NoConstructor, ObjectPool, ObjectPoolBuilder, OwnedPooled,
    PackedStamped, Pool, PoolBuilder, Pooled, SharedPooled, Stale, Stamped, StampedLocal,
    StampedPool, StaticPool, Stats, ThreadLocalPool,
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

/// Declares static pools of every kind: each is built at its first use, from the builder given.
///
/// | declared as | its type is |
/// |---|---|
/// | `ObjectPool<T>` | [`LazyPool<ObjectPool<T>>`](LazyPool) |
/// | `Pool` | [`LazyPool<Pool>`](LazyPool) |
/// | `ThreadLocalPool` | [`StaticPool`] |
/// | `ExactPool` | [`LazyPool<ExactPool>`](LazyPool) |
/// | `StampedPool<T>`, whose builder is followed by a comma and the `init` of [`build_stamped`](PoolBuilder::build_stamped) | [`LazyPool<StampedPool<T>>`](LazyPool) |
///
/// The other type parameters of the pool may follow, as in `ThreadLocalPool<Quiescent>`. A static
/// is never dropped, so neither are the values in such a pool.
///
/// # Panics
///
/// The first use panics if the pool cannot be built.
///
/// ```
/// use std::alloc::Layout;
/// use std::sync::atomic::AtomicU64;
/// use stampool::{ObjectPool, Pool, StampedPool};
///
/// stampool::static_pool! {
///     /// Buffers that keep their capacity.
///     pub static BUFFERS: ObjectPool<Vec<u8>> = ObjectPool::builder().keep(Vec::new, Vec::clear);
///     /// Blocks of a cache line.
///     static LINES: ThreadLocalPool = Pool::builder(Layout::new::<[u64; 8]>()).batch(32);
///     static PAGES: Pool = Pool::builder(Layout::new::<[u8; 4096]>());
///     static FOUR: ExactPool = Pool::builder(Layout::new::<u64>()).max_carved_blocks(4);
///     static NAMES: StampedPool<AtomicU64> = StampedPool::<AtomicU64>::builder(), AtomicU64::default;
/// }
///
/// assert!(BUFFERS.get()?.is_empty());
/// let block = LINES.allocate()?;
/// // SAFETY: allocated from this pool, and used by nobody else.
/// unsafe { LINES.deallocate(block) };
/// let (page, one) = (PAGES.local()?.allocate()?, FOUR.allocate()?);
/// let name = NAMES.local()?.allocate()?;
/// assert!(NAMES.is_current(name));
/// # _ = (page, one);
/// # Ok::<(), stampool::AllocError>(())
/// ```
#[cfg(feature = "std")]
#[macro_export]
macro_rules! static_pool {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident:
        $kind:ident $(<$($parameter:ty),+ $(,)?>)? = $builder:expr $(, $init:expr)?;)+) => {
        $($crate::__static_pool! {
            $kind ($(#[$attribute])* $visible static $name) ($(<$($parameter),+>)?) $builder $(, $init)?
        })+
    };
}

/// One static of [`static_pool!`](crate::static_pool).
#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __static_pool {
    (ThreadLocalPool ($($head:tt)*) ($($parameters:tt)*) $builder:expr) => {
        $($head)*: $crate::StaticPool $($parameters)* =
            $crate::StaticPool::new(|| $builder.build_thread_local());
    };
    (ObjectPool ($($head:tt)*) ($($parameters:tt)*) $builder:expr) => {
        $($head)*: $crate::LazyPool<$crate::ObjectPool $($parameters)*> =
            $crate::LazyPool::new(|| $builder.build());
    };
    (Pool ($($head:tt)*) ($($parameters:tt)*) $builder:expr) => {
        $($head)*: $crate::LazyPool<$crate::Pool $($parameters)*> =
            $crate::LazyPool::new(|| $builder.build());
    };
    (ExactPool ($($head:tt)*) ($($parameters:tt)*) $builder:expr) => {
        $($head)*: $crate::LazyPool<$crate::ExactPool $($parameters)*> =
            $crate::LazyPool::new(|| $builder.build_exact());
    };
    (StampedPool ($($head:tt)*) ($($parameters:tt)*) $builder:expr, $init:expr) => {
        $($head)*: $crate::LazyPool<$crate::StampedPool $($parameters)*> =
            $crate::LazyPool::new(|| $builder.build_stamped($init));
    };
}
