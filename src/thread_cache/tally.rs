//! Counts of the blocks that went in and out of a slot. They change at exchanges only.

use crate::sync::Number;
use crate::threads::ThreadId;

/// The counts of one slot. Its owner writes them, and any thread reads them.
#[derive(Default)]
pub(super) struct Tally {
    refills: Number,
    refilled: Number,
    flushes: Number,
    flushed: Number,
}

/// What the owners of one slot have exchanged with the pool since the slot was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotStats {
    /// The thread that owns the slot, if any.
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

impl Tally {
    pub(super) fn refilled(&self, blocks: usize) {
        self.refills.set(self.refills.get() + 1);
        self.refilled.set(self.refilled.get() + blocks as u64);
    }

    pub(super) fn flushed(&self, blocks: usize) {
        self.flushes.set(self.flushes.get() + 1);
        self.flushed.set(self.flushed.get() + blocks as u64);
    }

    pub(super) fn stats(&self, thread: Option<ThreadId>) -> SlotStats {
        SlotStats {
            thread,
            refills: self.refills.get(),
            refilled_blocks: self.refilled.get(),
            flushes: self.flushes.get(),
            flushed_blocks: self.flushed.get(),
        }
    }
}
