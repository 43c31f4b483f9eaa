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

impl Budget {
    /// The option that gives one run this budget, where all runs share `--total`.
    pub fn option(self) -> String {
        match self {
            Self::Ops(ops) => format!("--ops {ops}"),
            Self::Time(time) => format!("--total {}ms", time.as_millis().max(1)),
        }
    }

    /// Whether a run has used it up.
    pub fn is_spent(self, ops: u64, time: Duration) -> bool {
        match self {
            Self::Ops(most) => ops >= most,
            Self::Time(most) => time >= most,
        }
    }
}
