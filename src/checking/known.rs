//! The chunks of all checked pools of the process, as far as they are remembered: to say what a
//! pointer is that a pool does not know. Looked at only by who is about to panic.
//!
//! Bounded, and never asks for memory: a pool may stand behind the program's allocator. When it is
//! full, chunks of dropped pools are forgotten first, and then new ones are not remembered.

use crate::sync::{PoolId, ProcessMutex};

/// The most chunks remembered.
const LIMIT: usize = 512;

/// A chunk, by addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) pool: PoolId,
    pub(super) dropped: bool,
    pub(super) first: usize,
    pub(super) stride: usize,
    pub(super) blocks: usize,
    /// Blocks of the pool's chunks before this one.
    pub(super) before: usize,
}

impl Record {
    /// Bytes from the first block to `address`, where they are within the chunk.
    pub(super) fn offset(&self, address: usize) -> Option<usize> {
        address.checked_sub(self.first).filter(|offset| offset / self.stride < self.blocks)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.offset(other.first).is_some() || other.offset(self.first).is_some()
    }
}

struct Known {
    records: [Option<Record>; LIMIT],
    /// Where to look first for a place.
    next: usize,
}

static KNOWN: ProcessMutex<Known> = ProcessMutex::new(Known { records: [None; LIMIT], next: 0 });

fn with<R>(f: impl FnOnce(&mut Known) -> R) -> R {
    f(&mut KNOWN.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// Remembers a chunk.
pub(super) fn remember(record: Record) {
    with(|known| {
        for old in &mut known.records {
            // Its memory has gone another way since.
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

/// Pool number `pool` is gone.
pub(super) fn dropped(pool: PoolId) {
    with(|known| {
        for record in known.records.iter_mut().flatten().filter(|record| record.pool == pool) {
            record.dropped = true;
        }
    });
}

/// The chunk that an address lies in; one that lives before one that is gone.
pub(super) fn find(address: usize) -> Option<Record> {
    with(|known| {
        let mut all = known.records.iter().flatten().filter(|r| r.offset(address).is_some());
        all.clone().find(|record| !record.dropped).or_else(|| all.next()).copied()
    })
}
