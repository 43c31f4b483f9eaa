//! How long a run lasts.

use core::time::Duration;

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// After about this many operations, over all threads.
    Ops(u64),
    /// After this time.
    Time(Duration),
}
