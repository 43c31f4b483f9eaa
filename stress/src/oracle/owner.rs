//! Which thread owns which block, in a table outside the blocks.
//!
//! The table is open-addressed and maps a block's address to its owner word. Addresses are only
//! ever added. A block's address stays a block's address until the pool is dropped, so there are at
//! most as many addresses as the pool carved blocks.
//!
//! # Invariants
//!
//! - OT1: an address is in at most one slot. A thread that adds an address walks from the same first
//!   slot and takes the first free one by CAS. Slots never become free again, so two threads that
//!   add the same address meet at the same slot.
//! - OT2: an owner word is the stamp of the one allocation that holds the block, or 0.
//!
//! # Orderings
//!
//! All are `Relaxed`, on purpose: the oracle must not add a happens-before edge that the pool under
//! test lacks. It notices a block that is handed out twice nevertheless. A CAS reads the last value
//! in the word's modification order, and in a correct pool the release of a block happens before
//! its next claim, by the pool's own synchronisation.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use stampool::Block;

use super::stamp::Stamp;
use crate::num;

/// Why a block could not be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// This allocation holds it.
    Owned(Stamp),
    /// The table has no room for another address.
    Full,
}

/// Owner words, keyed by block address. Shared by all threads of a run.
#[derive(Debug)]
pub struct OwnerTable {
    slots: Box<[Slot]>,
}

/// One address and its owner word; neighbours in one line, so a claim touches one line.
#[derive(Debug, Default)]
struct Slot {
    address: AtomicUsize,
    owner: AtomicU64,
}

impl OwnerTable {
    /// Makes a table with room for at least `blocks` addresses.
    pub fn with_room_for(blocks: usize) -> Self {
        // Half full at most, so that probes stay short.
        let len = blocks.max(1).saturating_mul(2).next_power_of_two();
        Self { slots: (0..len).map(|_| Slot::default()).collect() }
    }

    /// Addresses that fit.
    pub fn room(&self) -> usize {
        self.slots.len()
    }

    /// Makes `stamp` the owner of `block`.
    ///
    /// # Errors
    /// Another allocation owns it, or the table is full.
    pub fn claim(&self, block: Block, stamp: Stamp) -> Result<(), ClaimError> {
        let slot = self.slot_or_add(block).ok_or(ClaimError::Full)?;
        match slot.owner.compare_exchange(0, stamp.word().get(), Relaxed, Relaxed) {
            Ok(_) => Ok(()),
            Err(word) => Err(Stamp::from_word(word).map_or(ClaimError::Full, ClaimError::Owned)),
        }
    }

    /// The allocation that owns `block`, if one does.
    ///
    /// Exact for the thread that holds the block: it claimed the block, or got it from the thread
    /// that did.
    pub fn owner(&self, block: Block) -> Option<Stamp> {
        Stamp::from_word(self.slot(block)?.owner.load(Relaxed))
    }

    /// Whether any thread ever claimed `block`. Exact for the thread that holds it.
    pub fn has_seen(&self, block: Block) -> bool {
        self.slot(block).is_some()
    }

    /// Takes `block` from `stamp`.
    ///
    /// # Errors
    /// Somebody else owns it, or nobody does.
    pub fn release(&self, block: Block, stamp: Stamp) -> Result<(), Option<Stamp>> {
        let slot = self.slot(block).ok_or(None)?;
        slot.owner
            .compare_exchange(stamp.word().get(), 0, Relaxed, Relaxed)
            .map(drop)
            .map_err(Stamp::from_word)
    }

    /// Slots in the order in which `block` may stand in them.
    fn probe(&self, block: Block) -> impl Iterator<Item = &Slot> {
        // The length is a power of two.
        let mask = self.slots.len() - 1;
        let first = num::mix(block.0.addr().get()) & mask;
        (0..self.slots.len()).map(move |step| &self.slots[(first + step) & mask])
    }

    /// The slot of `block`, if it has one.
    fn slot(&self, block: Block) -> Option<&Slot> {
        self.probe(block)
            .map(|slot| (slot, slot.address.load(Relaxed)))
            .take_while(|(_, address)| *address != 0)
            .find(|(_, address)| *address == block.0.addr().get())
            .map(|(slot, _)| slot)
    }

    /// The slot of `block`, taken now if it has none; `None` if all are taken.
    fn slot_or_add(&self, block: Block) -> Option<&Slot> {
        let wanted = block.0.addr().get();
        self.probe(block).find(|slot| {
            let mut address = slot.address.load(Relaxed);
            if address == 0 {
                // OT1: the thread that loses sees the winner's address, and compares with that.
                address = match slot.address.compare_exchange(0, wanted, Relaxed, Relaxed) {
                    Ok(_) => wanted,
                    Err(winner) => winner,
                };
            }
            address == wanted
        })
    }
}

#[cfg(test)]
mod tests {
    use core::ptr::NonNull;

    use super::*;

    fn block(address: usize) -> Block {
        Block(NonNull::new(core::ptr::without_provenance_mut(address)).expect("not null"))
    }

    #[test]
    fn a_block_has_one_owner_at_a_time() {
        let table = OwnerTable::with_room_for(4);
        let (first, second) = (Stamp::new(0, 1), Stamp::new(1, 1));
        assert_eq!(table.claim(block(64), first), Ok(()));
        assert_eq!(table.claim(block(64), second), Err(ClaimError::Owned(first)));
        assert_eq!(table.owner(block(64)), Some(first));
        assert_eq!(table.release(block(64), second), Err(Some(first)));
        assert_eq!(table.release(block(64), first), Ok(()));
        assert_eq!(table.release(block(64), first), Err(None));
        assert_eq!(table.claim(block(64), second), Ok(()));
        assert_eq!(table.release(block(128), first), Err(None), "never claimed");
    }

    #[test]
    fn a_full_table_says_so_and_keeps_what_it_has() {
        let table = OwnerTable::with_room_for(1);
        for index in 0..table.room() {
            assert_eq!(table.claim(block(8 + 8 * index), Stamp::new(0, 1)), Ok(()));
        }
        assert_eq!(table.claim(block(8000), Stamp::new(0, 1)), Err(ClaimError::Full));
        assert_eq!(table.owner(block(8)), Some(Stamp::new(0, 1)));
        assert_eq!(table.owner(block(8000)), None);
    }

    #[test]
    fn of_many_claims_of_one_block_one_wins() {
        for _ in 0..200 {
            let table = OwnerTable::with_room_for(8);
            let wins: usize = std::thread::scope(|scope| {
                let claims: Vec<_> = (0..4)
                    .map(|thread| {
                        let table = &table;
                        scope.spawn(move || {
                            (1..=8)
                                .filter(|i| {
                                    table.claim(block(i * 16), Stamp::new(thread, 1)).is_ok()
                                })
                                .count()
                        })
                    })
                    .collect();
                claims.into_iter().map(|claim| claim.join().expect("no panic")).sum()
            });
            assert_eq!(wins, 8);
        }
    }
}
