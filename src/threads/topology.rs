//! Which threads run near each other. The user of a pool supplies it.

/// Divides the threads of a pool into shards, for instance the threads of one NUMA node, or of one
/// last-level cache.
///
/// Each shard has a list of its own for full batches. Threads of the shard put batches there and
/// take from there first. If the list is empty, they try the lists of the other shards in turn, and
/// only if all are empty does the pool carve. The memory bound is therefore that of a pool with one
/// shard.
///
/// The pool calls [`shards`](Self::shards) when it is built and [`shard`](Self::shard) whenever a
/// thread attaches. A handle keeps its shard as long as it lives, wherever its thread runs. The
/// fallback cache of a pool without handles belongs to the first shard, without a call.
///
/// An implementation must not use the pool that calls it, which is about to attach the thread.
///
/// # Panics
///
/// A panic of [`shards`](Self::shards) passes through the builder, a panic of
/// [`shard`](Self::shard) through the call that was about to attach. Nothing has changed then, and
/// a block that the call was to free still belongs to its caller. One call has no caller that could
/// try again: the drop of a handle of an [`ObjectPool`](crate::ObjectPool). The block of that
/// handle stays out of use until the pool is dropped.
///
/// # Example
///
/// ```
/// use core::alloc::Layout;
/// use stampool::{Pool, Topology};
///
/// /// Two shards, chosen by the thread's name.
/// struct Halves;
///
/// impl Topology for Halves {
///     fn shards(&self) -> usize {
///         2
///     }
///
///     fn shard(&self) -> usize {
///         usize::from(std::thread::current().name().is_some_and(|name| name.starts_with("upper")))
///     }
/// }
///
/// let pool = Pool::builder(Layout::new::<u64>()).topology(Halves).build()?;
/// assert_eq!(pool.stats().shards, 2);
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub trait Topology: Send + Sync {
    /// The number of shards, 1 to 1,024. With 1, [`shard`](Self::shard) is never called.
    fn shards(&self) -> usize;

    /// The shard of the calling thread, counted from 0. The pool takes a number beyond the last
    /// shard modulo the number of shards.
    ///
    /// Called wherever a thread attaches: on any thread, and, if thread-local pools are used, in
    /// thread-local destructors too.
    fn shard(&self) -> usize;
}
