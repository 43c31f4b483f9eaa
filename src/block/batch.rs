//! How many blocks an exchange moves.

/// The blocks of one exchange: `min` of them, or more, up to `max`, for threads that take and
/// give by turns. `1 <= min <= max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// A full magazine holds so many at least.
    pub min: usize,
    /// A magazine has room for so many.
    pub max: usize,
}

impl Batch {
    /// The same number always.
    pub const fn fixed(blocks: usize) -> Self {
        Self { min: blocks, max: blocks }
    }
}

impl From<usize> for Batch {
    fn from(blocks: usize) -> Self {
        Self::fixed(blocks)
    }
}
