//! Counts of the blocks that went in and out of a slot. They change at exchanges only.

use crate::sync::Number;
use crate::threads::ThreadId;

/// The counts of one slot. Its owner writes them, and any thread reads them.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) refills: Number,
    pub(super) refilled: Number,
    pub(super) flushes: Number,
    pub(super) flushed: Number,
}

/// What the owners of one slot have exchanged with the pool since the slot was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotStats {
    /// The thread whose handle uses the slot, or `None` if no handle does. The number is `u64::MAX`
    /// if the handle belongs to a thread-local pool, whose handles are not told apart by threads.
    pub thread: Option<ThreadId>,
    /// Number of refills.
    pub refills: u64,
    /// Blocks that the refills brought.
    pub refilled_blocks: u64,
    /// Number of flushes, including those of handles that left.
    pub flushes: u64,
    /// Blocks that the flushes took away.
    pub flushed_blocks: u64,
}
