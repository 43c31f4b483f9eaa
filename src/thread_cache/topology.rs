//! Which threads are near each other: injected, as the handling of threads is.

/// Divides the threads of a pool into shards: those of one NUMA node, say, or of one last-level
/// cache.
///
/// Full batches that threads of a shard put down lie in a list of their own, and threads of that
/// shard take from there first. Only where it is empty do they look at the others' lists, in turn,
/// and only where all are empty is anything carved: the memory bound is that of a pool with one
/// shard.
///
/// What is asked: the number when a pool is built, the shard whenever a thread attaches. A handle
/// keeps its shard for as long as it lives, wherever its thread goes. The cache that threads
/// without one share, in pools without handles, is of the first shard, and nobody is asked for it.
///
/// Do not use the pool that asks: it is about to attach the thread.
///
/// # Panics
///
/// A panic of [`shards`](Self::shards) comes out of the builder, one of [`shard`](Self::shard) out
/// of the call that was about to attach: nothing has changed then, and a block that the call was
/// given to free is still the caller's. A handle of an [`ObjectPool`](crate::ObjectPool) that is
/// dropped has no caller who could try again: its block is not seen again before the pool's end.
///
/// # Example
///
/// ```
/// use core::alloc::Layout;
/// use stampool::{Pool, Topology};
///
/// /// What the program's own placement says.
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
    /// How many shards there are: 1 to 1,024. With 1, nobody is asked for theirs.
    fn shards(&self) -> usize;

    /// The calling thread's shard, from 0 on. Beyond the number of shards it begins again with 0.
    ///
    /// Called wherever a thread attaches, so on any thread, and where thread-local pools are used,
    /// in thread-local destructors too.
    fn shard(&self) -> usize;
}
