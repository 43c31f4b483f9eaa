//! The ring behind a slot's array: freed blocks that a hardened pool keeps back for a while. The
//! oldest block leaves first.

use super::SlotRef;
use crate::block::Block;

impl SlotRef {
    /// The start of the ring.
    #[inline(always)]
    fn ring(self) -> *mut Option<Block> {
        // SAFETY: the ring begins right behind the array, in the same allocation.
        unsafe { self.array().add(self.head().room) }.cast()
    }

    /// Writes an empty entry everywhere: the ring's memory is not initialised yet.
    ///
    /// # Safety
    ///
    /// The caller has just made the slot, and no other thread knows it.
    pub(super) unsafe fn clear_ring(self) {
        for nth in 0..self.head().quarantine {
            // SAFETY: within the ring.
            let entry = unsafe { self.ring().add(nth) };
            // SAFETY: as above.
            unsafe { entry.write(None) };
        }
    }

    /// Replaces the oldest entry of the ring with `block`, or with an empty entry, and returns the
    /// oldest entry.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the ring has the size `quarantine`, not 0.
    #[inline(always)]
    pub unsafe fn rotate(self, quarantine: usize, block: Option<Block>) -> Option<Block> {
        debug_assert_eq!(quarantine, self.head().quarantine, "the size of the ring");
        let ring = self.ring();
        self.head().cursor.with_mut(|cursor| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let cursor = unsafe { &mut *cursor };
            // SAFETY: below the size, so within the ring.
            let entry = unsafe { ring.add(*cursor) };
            *cursor = (*cursor + 1) & (quarantine - 1);
            // SAFETY: as above; the caller is alone with it.
            unsafe { entry.replace(block) }
        })
    }

    /// Takes the oldest block out of the ring.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn release_oldest(self) -> Option<Block> {
        let quarantine = self.head().quarantine;
        // SAFETY: by the caller; the size is the ring's.
        (0..quarantine).find_map(|_| unsafe { self.rotate(quarantine, None) })
    }

    /// Moves up to `batch` blocks from the ring to the empty array. Returns how many.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn release_batch(self, batch: usize) -> usize {
        // SAFETY: by the caller.
        let oldest = core::iter::from_fn(|| unsafe { self.release_oldest() });
        let moved = oldest.take(batch).map(|block| {
            // SAFETY: by the caller; the array was empty, and holds two batches.
            unsafe { self.put(block) };
        });
        moved.count()
    }

    /// Number of blocks in the ring.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, or no thread uses the pool.
    pub unsafe fn quarantined_blocks(self) -> usize {
        let ring = self.ring();
        let quarantine = self.head().quarantine;
        self.head().cursor.with(|_| {
            // SAFETY: the ring was written by `create`, and no other thread is in it.
            let ring = unsafe { core::slice::from_raw_parts(ring, quarantine) };
            ring.iter().flatten().count()
        })
    }
}
