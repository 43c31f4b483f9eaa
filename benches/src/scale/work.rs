//! What is measured over threads.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::workload::{Kind, Team, Workload};

/// Bytes of all blocks.
pub(super) const SIZE_BYTES: usize = 64;

/// A workload with a number of threads that is not chosen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Allocate a block and free it: nothing is shared, so this is what should scale.
    Hit,
    /// Bursts of 1,000 blocks, freed in no order.
    BurstShuffled,
    /// The same with batches of 8 in pools, so that nearly all blocks go through the shared lists.
    BurstSmallBatches,
    /// Threads swap new blocks for random ones of a shared bucket.
    SharedBucket,
    /// Pairs of a producer and a consumer, each with a ring of its own: half of the threads
    /// allocate, the others free, and every batch goes through the shared lists.
    Pairs,
}

impl Work {
    /// What it goes by, on the command line too.
    ///
    /// # Panics
    ///
    /// Never: each has a name.
    pub fn name(self) -> String {
        self.to_possible_value().expect("no work is hidden").get_name().to_owned()
    }

    /// The workload for so many threads; `None` where these cannot share it out.
    pub fn with(self, threads: usize) -> Option<Workload> {
        let alike = Team::Alike(threads);
        let (kind, team) = match self {
            Self::Hit => (Kind::Hit, alike),
            Self::BurstShuffled | Self::BurstSmallBatches => (Kind::BurstShuffled, alike),
            Self::SharedBucket => (Kind::SharedBucket, alike),
            Self::Pairs if threads.is_multiple_of(2) => {
                (Kind::ProducerConsumer, Team::Pairs(threads / 2))
            }
            Self::Pairs => return None,
        };
        Some(Workload { kind, team, size_bytes: SIZE_BYTES, touched: false })
    }

    /// The batch of its pools.
    pub(super) const fn batch(self) -> Batch {
        match self {
            Self::BurstSmallBatches => Batch { min: 8, max: 8 },
            _ => Batch::SMALL,
        }
    }

    /// Million operations per second of all threads together, at so many nanoseconds per operation.
    pub(super) fn throughput(self, threads: usize, ns: f64) -> f64 {
        // Pairs are told for all threads together, the others for each thread.
        let threads = if self == Self::Pairs { 1.0 } else { threads as f64 };
        threads * 1e3 / ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_alone_is_no_pair() {
        assert_eq!(Work::Pairs.with(1), None);
        assert_eq!(Work::Pairs.with(6).map(|work| work.to_string()).unwrap_or_default(), {
            "producer-consumer/3x1P1C/64/untouched"
        });
        assert_eq!(Work::Hit.with(3).map(|work| work.threads()), Some(3));
    }

    #[test]
    fn throughput_is_that_of_all_threads() {
        assert_eq!(Work::Hit.throughput(4, 2.0), 2000.0);
        assert_eq!(Work::Pairs.throughput(4, 2.0), 500.0);
    }
}
