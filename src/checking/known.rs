//! A table of the chunks of all checked pools of the process. A pool that is about to panic looks
//! up a pointer that is not its own, so that the message can say what the pointer is.
//!
//! The table has a fixed size and never allocates, because a pool may implement the program's
//! allocator. When the table is full, new chunks replace those of dropped pools; if there are none,
//! new chunks are not entered.
//!
//! The table has one lock for the whole process. A thread holds it while it enters a chunk (under
//! the growth lock of its pool), drops a pool, or looks a pointer up, and takes no other lock
//! meanwhile. A thread that stops there holds up these calls of every checked pool.

use crate::sync::{PoolId, ProcessMutex};

/// The size of the table.
const LIMIT: usize = 512;

/// A chunk, by addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) pool: PoolId,
    pub(super) dropped: bool,
    pub(super) first: usize,
    pub(super) stride: usize,
    pub(super) blocks: usize,
    /// The number of blocks in the pool's earlier chunks.
    pub(super) before: usize,
}

impl Record {
    /// Bytes from the first block to `address`, if `address` lies within the chunk.
    pub(super) fn offset(&self, address: usize) -> Option<usize> {
        address.checked_sub(self.first).filter(|offset| offset / self.stride < self.blocks)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.offset(other.first).is_some() || other.offset(self.first).is_some()
    }
}

struct Known {
    records: [Option<Record>; LIMIT],
    /// The place where the search for a free place begins.
    next: usize,
}

static KNOWN: ProcessMutex<Known> = ProcessMutex::new(Known { records: [None; LIMIT], next: 0 });

fn with<R>(f: impl FnOnce(&mut Known) -> R) -> R {
    f(&mut KNOWN.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// Enters a chunk.
pub(super) fn remember(record: Record) {
    with(|known| {
        for old in &mut known.records {
            // The memory of the dropped pool has been reused.
            if old.is_some_and(|old| old.dropped && old.overlaps(&record)) {
                *old = None;
            }
        }
        let places = || (known.next..LIMIT).chain(0..known.next);
        let place = places()
            .find(|&place| known.records[place].is_none())
            .or_else(|| places().find(|&place| known.records[place].is_some_and(|r| r.dropped)));
        if let Some(place) = place {
            known.records[place] = Some(record);
            known.next = (place + 1) % LIMIT;
        }
    });
}

/// Records that pool number `pool` has been dropped.
pub(super) fn dropped(pool: PoolId) {
    with(|known| {
        for record in known.records.iter_mut().flatten().filter(|record| record.pool == pool) {
            record.dropped = true;
        }
    });
}

/// The chunk in which `address` lies. A chunk of a living pool is preferred to one of a dropped
/// pool.
pub(super) fn find(address: usize) -> Option<Record> {
    with(|known| {
        let mut all = known.records.iter().flatten().filter(|r| r.offset(address).is_some());
        all.clone().find(|record| !record.dropped).or_else(|| all.next()).copied()
    })
}
