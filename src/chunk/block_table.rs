//! The numbered blocks of a typed pool. Each block gets its number and its header when it is
//! carved.
//!
//! # Contract
//!
//! The thread that grows the pool calls [`missing`](BlockTable::missing),
//! [`install`](BlockTable::install) and [`register`](BlockTable::register) under the growth lock. Any
//! thread calls [`find`](BlockTable::find), with any number, at any time.
//!
//! # Invariants
//!
//! - I1. The header of a block is written and its number is entered before `count` covers the
//!   number.
//! - I2. `count` only rises, under the growth lock.
//!
//! A thread may therefore look up a number that it has from anywhere. If the thread sees a `count`
//! above the number, it has acquired the header and the entry; if it does not, the number leads to
//! nothing yet.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Directory;
use crate::sync::{AtomicUsize, site};

/// Writes the header of a fresh block, which has this number.
///
/// # Safety
///
/// The block is the callee's alone, of the layout that its pool has, and not initialised.
pub type WriteHeader = unsafe fn(NonNull<u8>, u32);

/// The numbered blocks of one pool.
pub struct BlockTable {
    directory: Directory<u8>,
    count: AtomicUsize,
    write_header: WriteHeader,
    reads: FreeReads,
}

/// Whether threads other than a block's owner read the block while it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeReads {
    /// A thread with a stale name may.
    Allowed,
    /// No thread does. A tool that watches memory may report one that does.
    Forbidden,
}

// SAFETY: what is reachable by `&self` is atomic, or written once before it is published; changes
// are under the growth lock by contract.
unsafe impl Send for BlockTable {}
// SAFETY: as above.
unsafe impl Sync for BlockTable {}

impl BlockTable {
    /// The most blocks: 2^31 - 8.
    pub const LIMIT: usize = Directory::<u8>::LIMIT;

    /// No blocks yet; `write_header` is called once for each.
    pub fn new(write_header: WriteHeader, reads: FreeReads) -> Self {
        Self { directory: Directory::default(), count: AtomicUsize::new(0), write_header, reads }
    }

    /// Whether a free block may be read.
    pub const fn free_reads(&self) -> FreeReads {
        self.reads
    }

    /// Blocks that are there, for who holds the growth lock or is alone.
    fn count(&self) -> usize {
        // ORDERING(ST-3): Relaxed. Changed under the growth lock alone.
        self.count.load(site::TABLE_OWNED.ordering())
    }

    /// Room that is missing for `more` blocks, for [`install`](Self::install).
    pub fn missing(&self, more: usize) -> Layout {
        self.directory.missing(self.up_to(more))
    }

    /// Makes places for `more` blocks out of the room that was missing.
    ///
    /// # Safety
    ///
    /// Under the growth lock since [`missing`](Self::missing) named the layout of `room`, which
    /// belongs to this object from here on.
    pub unsafe fn install(&self, more: usize, room: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.directory.install(self.up_to(more), room) };
    }

    /// A chunk's last batch may be smaller than was asked for: the pool's capacity is the limit.
    fn up_to(&self, more: usize) -> usize {
        self.count().saturating_add(more).min(Self::LIMIT)
    }

    /// Numbers `blocks` fresh blocks that lie `stride` bytes apart, and has their headers written.
    ///
    /// # Panics
    ///
    /// If there are more than [`LIMIT`](Self::LIMIT), which the pool's capacity rules out.
    ///
    /// # Safety
    ///
    /// Under the growth lock, with places for all of them. They are as [`WriteHeader`] wants them,
    /// and not handed out before.
    pub unsafe fn register(&self, first: NonNull<u8>, blocks: usize, stride: usize) {
        let before = self.count();
        for nth in 0..blocks {
            // SAFETY: by the caller, within the run of blocks.
            let block = unsafe { first.add(nth * stride) };
            let number = u32::try_from(before + nth).expect("the capacity is below the limit");
            // SAFETY: by the caller it is fresh.
            unsafe { (self.write_header)(block, number) };
            // SAFETY: locked, with a place, rising, and not published yet.
            unsafe { self.directory.register(before + nth, block) };
        }
        // ORDERING(ST-1): Release. Publishes headers, entries and buckets.
        //   pairs with ST-2; killed by stamped/first_use
        self.count.store(before + blocks, site::TABLE_PUBLISH.ordering());
    }

    /// The block of a number, or `None` where there is none that this thread has acquired.
    #[inline]
    pub fn find(&self, number: u32) -> Option<NonNull<u8>> {
        // ORDERING(ST-2): Acquire. The header, the entry and the bucket of every number below it.
        //   pairs with ST-1; killed by stamped/first_use
        let count = self.count.load(site::TABLE_LOAD.ordering());
        // SAFETY: below a count that was acquired, so it was entered and published (I1).
        ((number as usize) < count).then(|| unsafe { self.directory.get(number as usize) })
    }

    /// All blocks.
    ///
    /// # Safety
    ///
    /// No thread is growing the pool, or will, and the caller has acquired all that was grown.
    pub unsafe fn iter(&self) -> impl Iterator<Item = NonNull<u8>> + use<'_> {
        // SAFETY: by the caller, and the number is below the count.
        (0..self.count()).map(|number| unsafe { self.directory.get(number) })
    }
}
