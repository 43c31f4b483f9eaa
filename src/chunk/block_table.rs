//! The numbered blocks of a stamped pool. Each block gets its number and its header when it is
//! carved.
//!
//! # Contract
//!
//! The thread that grows the pool calls [`missing`](BlockTable::missing),
//! [`install`](BlockTable::install) and [`register`](BlockTable::register) under the growth lock.
//! Any thread calls [`find`](BlockTable::find), with any number, at any time.
//!
//! # Invariants
//!
//! - BT1. The header of a block is written and its number is entered before `count` covers the
//!   number.
//! - BT2. `count` only rises, under the growth lock.
//!
//! A thread may therefore look up a number that it has from anywhere. If the thread sees a `count`
//! above the number, it has acquired the header and the entry; if it does not, the number leads to
//! nothing yet.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Directory;
use crate::sync::{AtomicUsize, opaque, site};

/// Writes the header of a fresh block, which has this number.
///
/// # Safety
///
/// The block has the layout of its pool's blocks and is not initialised, and only the callee uses
/// it meanwhile.
pub type WriteHeader = unsafe fn(NonNull<u8>, u32);

/// The numbered blocks of one pool.
pub struct BlockTable {
    directory: Directory<u8>,
    count: AtomicUsize,
    write_header: WriteHeader,
}

opaque! { [] BlockTable; }

// SAFETY: what is reachable by `&self` is atomic, or written once before it is published; changes
// are under the growth lock by contract.
unsafe impl Send for BlockTable {}
// SAFETY: as above.
unsafe impl Sync for BlockTable {}

impl BlockTable {
    /// The most blocks: 2^31 - 8.
    pub const LIMIT: usize = Directory::<u8>::LIMIT;

    /// No blocks yet; `write_header` is called once for each.
    pub fn new(write_header: WriteHeader) -> Self {
        Self { directory: Directory::default(), count: AtomicUsize::new(0), write_header }
    }

    /// The number of blocks, for a caller that holds the growth lock.
    fn count(&self) -> usize {
        // ORDERING(ST-3): Relaxed. The count changes only under the growth lock.
        self.count.load(site::TABLE_OWNED.ordering())
    }

    /// The layout of the memory that [`install`](Self::install) needs for `more` blocks.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock.
    pub unsafe fn missing(&self, more: usize) -> Layout {
        // SAFETY: by the caller.
        unsafe { self.directory.missing(self.up_to(more)) }
    }

    /// Makes places for `more` blocks in the given room.
    ///
    /// # Safety
    ///
    /// The caller has held the growth lock since [`missing`](Self::missing) returned the layout of
    /// `room`. `room` belongs to the table from now on.
    pub unsafe fn install(&self, more: usize, room: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.directory.install(self.up_to(more), room) };
    }

    /// The number of places that `more` blocks need, at most [`LIMIT`](Self::LIMIT). The pool's
    /// capacity keeps the blocks themselves below it.
    fn up_to(&self, more: usize) -> usize {
        self.count().saturating_add(more).min(Self::LIMIT)
    }

    /// Gives numbers to `blocks` fresh blocks that lie `stride` bytes apart, and writes their
    /// headers.
    ///
    /// # Panics
    ///
    /// If a number does not fit into 32 bits, which the pool's capacity rules out.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock, and there are places for all of the blocks. They are as
    /// [`WriteHeader`] requires, and were not handed out before.
    pub unsafe fn register(&self, first: NonNull<u8>, blocks: usize, stride: usize) {
        let before = self.count();
        for nth in 0..blocks {
            // SAFETY: by the caller, within the run of blocks.
            let block = unsafe { first.add(nth * stride) };
            let number = u32::try_from(before + nth).expect("the capacity is below the limit");
            // SAFETY: by the caller it is fresh.
            unsafe { (self.write_header)(block, number) };
            // SAFETY: by the caller the lock is held and there is a place; numbers rise, and this
            // one is not published yet.
            unsafe { self.directory.register(before + nth, block) };
        }
        // ORDERING(ST-1): Release. Publishes headers, entries and buckets.
        //   pairs with ST-2; killed by stamped/first_use
        self.count.store(before + blocks, site::TABLE_PUBLISH.ordering());
    }

    /// The block that has this number, or `None` if this thread has acquired no such block.
    #[inline]
    pub fn find(&self, number: u32) -> Option<NonNull<u8>> {
        // ORDERING(ST-2): Acquire. Observes the header, the entry and the bucket of every number
        //   below the count. pairs with ST-1; killed by stamped/first_use
        let count = self.count.load(site::TABLE_LOAD.ordering());
        // SAFETY: the number is below a count that was acquired, so its entry was written and
        // published (BT1).
        ((number as usize) < count).then(|| unsafe { self.directory.get(number as usize) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Regions;
    use crate::source::SystemSource;

    #[test]
    fn the_first_number_without_a_block_leads_to_nothing() {
        unsafe fn write_no_header(_block: NonNull<u8>, _number: u32) {}
        let table = BlockTable::new(write_no_header);
        let mut regions = Regions::new(SystemSource);
        // SAFETY: one thread.
        let missing = unsafe { table.missing(3) };
        let room = regions.obtain(missing).unwrap();
        for place in 0..missing.size() / size_of::<NonNull<u8>>() {
            // SAFETY: within the room, which is aligned for pointers.
            let place = unsafe { room.cast::<NonNull<u8>>().add(place) };
            // SAFETY: as just said. An entry that no block has yet is not null, so it shows if
            // the table returns it.
            unsafe { place.write(NonNull::dangling()) };
        }
        // SAFETY: one thread; the regions outlive the table's use.
        unsafe { table.install(3, room) };
        let mut blocks = [0_u64; 2];
        let first = NonNull::from(&mut blocks).cast();
        // SAFETY: one thread, and there are places for three blocks.
        unsafe { table.register(first, 2, size_of::<u64>()) };
        // SAFETY: the second of two.
        let second = unsafe { first.add(size_of::<u64>()) };
        assert_eq!([0, 1].map(|number| table.find(number)), [Some(first), Some(second)]);
        assert_eq!(table.find(2), None, "number 2 belongs to no block yet");
    }
}
