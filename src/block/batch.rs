//! How many blocks an exchange moves.

use super::BlockLayout;

/// The number of blocks in one exchange: from `min` up to `max`, which threads reach that allocate
/// and free by turns. `1 <= min <= max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// A full magazine holds at least this many blocks.
    pub min: usize,
    /// A magazine has room for this many blocks.
    pub max: usize,
}

/// The most blocks per batch, unless the user says otherwise.
const DEFAULT_BLOCKS: usize = 64;
/// The most bytes per batch, unless the user says otherwise. A thread cache holds two batches.
const DEFAULT_BYTES: usize = 32 << 10;
/// The fewest batches that a pool's capacity has, unless the user says otherwise.
const DEFAULT_BATCHES: usize = 8;

impl Batch {
    /// What the user chose: the smallest batch and the largest one. The default of the smallest one
    /// follows the blocks' size, the capacity and the largest batch; by default batches do not grow.
    pub fn new(
        min: Option<usize>,
        max: Option<usize>,
        blocks: BlockLayout,
        capacity: usize,
    ) -> Self {
        let min = min.unwrap_or_else(|| {
            let (fits, share) = (DEFAULT_BYTES / blocks.stride(), capacity / DEFAULT_BATCHES);
            let most = max.unwrap_or(DEFAULT_BLOCKS);
            DEFAULT_BLOCKS.min(fits).min(share).min(most).max(1)
        });
        Self { min, max: max.unwrap_or(min) }
    }

    /// A batch that is always `blocks` blocks.
    pub const fn fixed(blocks: usize) -> Self {
        Self { min: blocks, max: blocks }
    }
}

impl From<usize> for Batch {
    fn from(blocks: usize) -> Self {
        Self::fixed(blocks)
    }
}
