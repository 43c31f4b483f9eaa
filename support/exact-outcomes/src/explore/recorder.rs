//! Where the executions of a run leave their outcomes.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::exploration::Exploration;

/// Executions recorded by this process: what a child reports when it stops at a violation.
static RECORDED: AtomicU64 = AtomicU64::new(0);

/// The run under way, for a child that is stopped at its limit.
static UNDER_WAY: Mutex<Option<Recorder>> = Mutex::new(None);

/// Executions recorded since the last [`reset_count`].
#[cfg(feature = "harness")]
pub(crate) fn count() -> u64 {
    RECORDED.load(Ordering::Relaxed) // a statistic
}

/// Begins to count anew.
#[cfg(any(feature = "harness", feature = "porf"))]
pub(crate) fn reset_count() {
    RECORDED.store(0, Ordering::Relaxed); // a statistic
}

/// What the run under way has seen so far: not finished, whatever it is.
#[cfg(feature = "harness")]
pub(crate) fn so_far() -> Exploration {
    let recorder = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).clone();
    recorder.map(|recorder| recorder.finish(false)).unwrap_or_default()
}

/// A place where the executions of one run leave their outcomes.
///
/// Uses std's mutex on purpose: the checker must not see it.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Exploration>>);

impl Recorder {
    /// For the run that begins now.
    #[must_use]
    pub fn begin() -> Self {
        let recorder = Self::default();
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorder.clone());
        recorder
    }

    /// Counts one execution that ended in `outcome`.
    pub fn record(&self, outcome: String) {
        RECORDED.fetch_add(1, Ordering::Relaxed); // a statistic
        self.0.lock().unwrap_or_else(PoisonError::into_inner).record(outcome);
    }

    /// Forgets what was recorded, for a search that begins anew.
    #[cfg(feature = "porf")]
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Exploration::default();
        reset_count();
    }

    /// What was recorded; the caller says whether the search came to its end.
    #[must_use]
    pub fn finish(&self, finished: bool) -> Exploration {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Exploration { finished, ..seen }
    }
}
