//! How many blocks an exchange moves.

use super::BlockLayout;

/// The number of blocks in one exchange: from `min` up to `max`. `1 <= min <= max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// A full magazine holds at least this many blocks, and an ordinary one has room for no more.
    pub min: usize,
    /// A large magazine has room for this many blocks. There are none if this is `min`.
    pub max: usize,
}

/// The most blocks in the smallest batch, unless the user says otherwise.
const DEFAULT_BLOCKS: usize = 64;
/// The most blocks in the largest batch, if the user chose no batch at all.
const DEFAULT_LARGEST_BLOCKS: usize = 512;
/// The most bytes per batch, unless the user says otherwise. A thread cache holds two batches.
const DEFAULT_BYTES: usize = 32 << 10;
/// The fewest batches that a pool's capacity has, unless the user says otherwise.
const DEFAULT_BATCHES: usize = 8;

impl Batch {
    /// What the user chose: the smallest batch and the largest one. A user who chose neither gets
    /// batches that grow, as far as the blocks' size and the capacity allow. A user who chose the
    /// smallest one gets batches that do not grow. The default of the smallest one follows the
    /// blocks' size, the capacity and the largest batch.
    pub fn new(
        min: Option<usize>,
        max: Option<usize>,
        blocks: BlockLayout,
        capacity: usize,
    ) -> Self {
        let (fits, share) = (DEFAULT_BYTES / blocks.stride(), capacity / DEFAULT_BATCHES);
        let default = |most: usize| most.min(fits).min(share).max(1);
        match (min, max) {
            (None, None) => {
                Self { min: default(DEFAULT_BLOCKS), max: default(DEFAULT_LARGEST_BLOCKS) }
            }
            (None, Some(max)) => Self { min: default(DEFAULT_BLOCKS.min(max)), max },
            (Some(min), max) => Self { min, max: max.unwrap_or(min) },
        }
    }

    /// Whether batches grow.
    #[inline]
    pub const fn grows(self) -> bool {
        self.min < self.max
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
