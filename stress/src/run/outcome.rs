//! The result of a run.

use core::fmt;
use core::time::Duration;

use crate::memory::Sample;
use crate::oracle::violation::Violation;
use crate::pin::Unpinned;
use crate::subject::{MagazineCounts, Mechanism, Refused};

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the subject synchronises.
    pub mechanism: Mechanism,
    /// Blocks per batch, the least where batches grow.
    pub batch: usize,
    /// Blocks of the largest batch.
    pub most_batch: usize,
    /// Allocations and deallocations of the threads.
    pub ops: u64,
    /// Wall-clock time from the first thread's start to the last one's end.
    pub elapsed: Duration,
    /// Blocks ever cut from chunks.
    pub carved_blocks: usize,
    /// Most blocks live at once, never too low.
    pub peak_live_blocks: usize,
    /// The memory bound for that peak.
    pub bound_blocks: usize,
    /// Blocks that the subject could have, where there was a limit.
    pub max_carved_blocks: Option<usize>,
    /// Allocations refused at that limit.
    pub refusals: u64,
    /// What each of several consumers got, where they compete.
    pub shares: Option<Shares>,
    /// The most magazines that were seen waiting at one observation.
    pub peak_limbo_magazines: usize,
    /// Memory over the run's time, with the sweep after it.
    pub memory: Vec<Sample>,
    /// The magazines at the end.
    pub magazine_counts: MagazineCounts,
    /// Threads that were to be pinned, and were not.
    pub unpinned: Option<Unpinned>,
    /// What was found wrong, first things first.
    pub violations: Vec<Violation>,
}

/// Blocks that each consumer got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares(pub Vec<u64>);

impl Shares {
    /// The largest share divided by the smallest: 1 is fair. `None` if a consumer got nothing.
    pub fn fairness(&self) -> Option<f64> {
        let (most, least) = (self.0.iter().max()?, self.0.iter().min()?);
        (*least > 0).then(|| *most as f64 / *least as f64)
    }
}

/// Why a run could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such subject.
    Subject(Refused),
    /// The system has no more memory.
    Memory,
    /// The system has no more threads.
    Threads {
        /// Those that it gave.
        given: usize,
        /// Those that were asked for.
        wanted: usize,
    },
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Subject(refused)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(refused) => refused.fmt(f),
            Self::Memory => f.write_str("the system gave too little memory"),
            Self::Threads { given, wanted } => {
                write!(f, "the system gave {given} of {wanted} threads")
            }
        }
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_are_fair_and_a_consumer_without_any_has_no_ratio() {
        assert_eq!(Shares(vec![7, 7, 7]).fairness(), Some(1.0));
        assert_eq!(Shares(vec![2, 6, 3]).fairness(), Some(3.0));
        assert_eq!(Shares(vec![5, 0]).fairness(), None);
    }
}
