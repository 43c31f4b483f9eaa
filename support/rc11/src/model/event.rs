//! Events.

use crate::program::Order;

/// Which step of which thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    /// The thread, counted from zero.
    pub thread: usize,
    /// The place of the step in the thread, skipped steps included.
    pub step: usize,
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    Fence,
}

/// One event. An RMW is two: its read, and right behind it its write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// The step; `None` for the initial write of a location.
    pub(crate) step: Option<StepId>,
    pub(crate) kind: Kind,
    /// Without meaning for a fence.
    pub(crate) location: usize,
    /// What it reads or writes.
    pub(crate) value: u64,
    /// `None` for an initial write, which is not atomic.
    pub(crate) order: Option<Order>,
    /// Whether it is the write of an RMW, whose read is the event before it.
    pub(crate) update: bool,
    /// Whether it is the read of a `compare_exchange` that fails.
    pub(crate) failed: bool,
}
