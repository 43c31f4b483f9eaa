//! How many blocks an exchange moves.

/// The number of blocks in one exchange: from `min` up to `max`, which threads reach that allocate
/// and free by turns. `1 <= min <= max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// A full magazine holds at least this many blocks.
    pub min: usize,
    /// A magazine has room for this many blocks.
    pub max: usize,
}

impl Batch {
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
