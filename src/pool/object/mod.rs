//! A pool of objects: blocks whose values the pool knows how to make, to reset and to drop.
//!
//! # Invariants
//!
//! - O1. A block that is taken has one owner: a [`Reserved`], a handle, or the caller that detached
//!   one.
//! - O2. The owner of an object is the owner of its block, which holds a value. A `Reserved` may be
//!   without one.
//! - O3. Whatever panics (constructor, hook, destructor), the block goes back, and says truly
//!   whether it holds a value: so no value is dropped twice, and no block is lost.

pub(super) mod blocks;
mod builder;
mod handle;
mod kept;
mod reserved;
mod settings;
mod shared;
mod take;

pub use builder::ObjectPoolBuilder;
pub use handle::{OwnedPooled, Pooled};
pub use settings::LivePolicy;
pub use shared::{Counted, SharedPooled};

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use self::blocks::Blocks;
use self::kept::Kept;
use self::settings::{Make, Reset};
use super::{Census, Stats};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::panicking;

/// A pool of objects, which any thread may give back by dropping their handles.
///
/// # Two modes
///
/// - Construct per get, without further ado: [`create`](Self::create) writes a value into a block,
///   the handle's end drops it. Nobody sees what the last user of a block has left.
/// - Keep constructed, [`ObjectPoolBuilder::keep`]: [`get`](Self::get) finds an object that was
///   made once, and the handle's end resets it in place of dropping it. For what is dear to make:
///   buffers that have grown, connections.
///
/// # Cached or exact
///
/// Each thread caches up to two batches of free objects. So a pool with a limit
/// ([`capacity`](ObjectPoolBuilder::capacity), or a source that is used up, or
/// [`sealed`](ObjectPoolBuilder::sealed)) may refuse one thread while free objects lie in caches of
/// others, up to 2B in each, with B the batch, the largest where batches grow; a thread that ends
/// hands its own in. Built as
/// [`exact`](ObjectPoolBuilder::exact) it has no caches, and refuses only where all objects are taken;
/// each call is then two exchanges with the shared lists.
///
/// # Panics of yours
///
/// Constructors, reset hooks and destructors may panic, and may call the pool. The pool stays
/// usable, no block is lost, and no value is dropped twice. A kept value whose hook panics is
/// dropped, and its block gets a new one when it is next wanted. As everywhere, a destructor that
/// panics while its thread unwinds aborts the program; a reset hook runs where a destructor would,
/// so this holds for it too, and for a destructor after a hook that has panicked.
///
/// # Ends
///
/// Handles borrow the pool, or hold it. Objects can still be live when it is dropped if they were
/// [detached](Pooled::detach), or their handles forgotten: [`LivePolicy`] says what then. The values
/// that a pool keeps are dropped with it, on the thread that drops it.
///
/// # Shape
///
/// A block is as large as a `T`, at least a byte; in a pool that keeps, and a byte behind it. Any
/// alignment that the source can give.
///
/// # Example
///
/// ```
/// use stampool::ObjectPool;
///
/// let pool = ObjectPool::builder()
///     .keep(|| Vec::with_capacity(1024), |buffer: &mut Vec<u8>| buffer.clear())
///     .build()?;
/// let mut buffer = pool.get().expect("memory");
/// buffer.extend(b"hello");
/// std::thread::scope(|threads| {
///     threads.spawn(move || drop(buffer)); // goes back from there
/// });
/// let again = pool.get().expect("memory");
/// assert!(again.is_empty() && again.capacity() >= 1024);
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ObjectPool<T, S: Strategy = TaggedWide> {
    /// Dropped by `drop`, or left alone.
    blocks: ManuallyDrop<Blocks<S>>,
    make: Option<Make<T>>,
    /// Of a pool that keeps its values.
    reset: Option<Reset<T>>,
    when_dropped: LivePolicy,
    _values: PhantomData<T>,
}

// SAFETY: a value that is kept by one thread may be had by another one, one at a time: hence
// `Send`, and no `Sync`. All else is made to be shared.
unsafe impl<T: Send, S: Strategy> Sync for ObjectPool<T, S> {}

impl<T, S: Strategy> ObjectPool<T, S> {
    /// Keeps the pool from ever asking its source again, as [`Pool::seal`](super::Pool::seal).
    /// Values are still made in blocks that have had none yet.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.blocks.seal()
    }

    /// What the pool knows about its blocks.
    pub fn stats(&self) -> Stats {
        self.blocks.stats()
    }

    /// Counts all blocks that are not in users' hands. The others are live: detached, or forgotten.
    pub fn census(&mut self) -> Census {
        self.blocks.census()
    }

    pub(super) fn blocks(&self) -> &Blocks<S> {
        &self.blocks
    }

    fn constructor(&self) -> &Make<T> {
        self.make.as_ref().expect("`get` asks a pool for objects whose builder had no constructor")
    }
}

/// The end of a pool's blocks, when this is dropped.
struct BlocksEnd<S: Strategy> {
    blocks: Option<Blocks<S>>,
    /// Their memory stays for good, since users have objects in it.
    is_abandoned: bool,
}

impl<S: Strategy> Drop for BlocksEnd<S> {
    fn drop(&mut self) {
        if let Some(blocks) = self.blocks.take()
            && self.is_abandoned
        {
            blocks.abandon();
        }
    }
}

impl<T, S: Strategy> Drop for ObjectPool<T, S> {
    fn drop(&mut self) {
        let live = match self.when_dropped {
            LivePolicy::Free => 0,
            LivePolicy::KeepMemory | LivePolicy::Panic => self.blocks.live(),
        };
        // SAFETY: not used again.
        let blocks = unsafe { ManuallyDrop::take(&mut self.blocks) };
        // Ends the blocks behind the values, also where the destructor of a value panics.
        let mut end = BlocksEnd { blocks: Some(blocks), is_abandoned: live > 0 };
        if let (Some(blocks), Some(_)) = (&mut end.blocks, &self.reset) {
            // SAFETY: `&mut`, in the pool's end; each block once.
            blocks.end_blocks(|block| unsafe { Kept::<T>::end(block) });
        }
        drop(end);
        if live > 0 && self.when_dropped == LivePolicy::Panic && !panicking() {
            panic!("an ObjectPool was dropped while {live} of its objects were live");
        }
    }
}
