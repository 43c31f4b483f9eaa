//! What an arena reports about itself.

/// The memory of a [`SlabArena`](super::SlabArena).
///
/// ```text
/// |------------------------- capacity -------------------------|      overhead: beside it
/// |------------- heap --------------|  free pages               |
/// |---- allocated ----|  free blocks |
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlabStats {
    /// Bytes of the arena's pages. Never changes.
    pub capacity_bytes: usize,
    /// Bytes of the pages that the classes have. Never more than the capacity.
    pub heap_bytes: usize,
    /// Bytes of the blocks in use, each with the size of its class. As [`SlabArena::stats`] reports it,
    /// this includes the free blocks in the caches of other threads, also of threads that were joined and
    /// are just ending.
    ///
    /// [`SlabArena::stats`]: super::SlabArena::stats
    pub allocated_bytes: usize,
    /// How many blocks these are.
    pub allocated_blocks: usize,
    /// Bytes of the arena's records, which lie outside of its pages: caches, magazines, bits of the
    /// pages.
    pub overhead_bytes: usize,
}

impl SlabStats {
    /// Which part of the heap is allocated, from 0 to 1; 1 if there is no heap.
    pub fn utilisation(&self) -> f64 {
        part(self.allocated_bytes, self.heap_bytes)
    }
}

/// One class of sizes of a [`SlabArena`](super::SlabArena).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlabClass {
    /// The bytes of a block.
    pub block_bytes: usize,
    /// The blocks in use, counted as in [`SlabStats::allocated_bytes`].
    pub allocated_blocks: usize,
    /// Bytes of the pages that the class has.
    pub heap_bytes: usize,
}

impl SlabClass {
    /// Which part of the pages is allocated, from 0 to 1; 1 if the class has no pages.
    pub fn utilisation(&self) -> f64 {
        part(self.allocated_blocks * self.block_bytes, self.heap_bytes)
    }
}

#[allow(clippy::cast_precision_loss, reason = "a part of one, to look at")]
fn part(of: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { of as f64 / whole as f64 }
}
