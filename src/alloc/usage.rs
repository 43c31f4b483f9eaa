//! How much memory an allocator has and uses.

/// How much memory an allocator has, and how much of it is in use.
///
/// An [`Owner`](super::Owner) of your own starts from `Usage::default()` and sets the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Usage {
    /// Bytes that are handed out. Some members cannot use the memory of every freed block again, for
    /// instance those that move a mark. Such a member counts a freed block here until its memory can be
    /// handed out again. It counts the bytes that it skipped for alignment in the same way.
    pub used_bytes: usize,
    /// Blocks that are handed out, where the member counts them.
    pub live_blocks: Option<usize>,
    /// Bytes obtained from the source.
    pub obtained_bytes: usize,
    /// Of the obtained bytes, those that hold the member's own records.
    pub overhead_bytes: usize,
    /// The most bytes that can ever be in use, where there is a limit.
    pub capacity_bytes: Option<usize>,
}
