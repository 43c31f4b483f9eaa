//! How many blocks an exchange moves.

/// The blocks of one exchange: `least` of them, or more, up to `most`, for threads that take and
/// give by turns. `1 <= least <= most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// A full magazine holds so many at least.
    pub least: usize,
    /// A magazine has room for so many.
    pub most: usize,
}

impl Batch {
    /// The same number always.
    pub const fn fixed(blocks: usize) -> Self {
        Self { least: blocks, most: blocks }
    }
}

impl From<usize> for Batch {
    fn from(blocks: usize) -> Self {
        Self::fixed(blocks)
    }
}
