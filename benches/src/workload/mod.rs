//! The workloads: each uses a subject in one way and times it.

mod hit;
mod producer_consumer;
mod shared_bucket;

use peers::{HazardDeferred, HazardEager, SeizeDeferred, SeizeOwned};
use serde::Serialize;
use stampool::{
    Checked, EpochDeferred, Hardened, Locked, Quiescent, Strategy, TaggedPacked, TaggedWide,
};

use crate::ring;
use crate::rounds::Contender;
use crate::subjects::{ArrayStack, Floor, QueueOfBlocks, Static, System, exact, per_thread, pool};
use crate::{Sample, Subject};

/// Names of the subjects that are not pools.
pub mod names {
    /// The harness alone.
    pub const FLOOR: &str = "harness alone";
    /// A `Vec` of pointers.
    pub const ARRAY_STACK: &str = "bare array stack";
    /// crossbeam's `ArrayQueue`.
    pub const ARRAY_QUEUE: &str = "crossbeam ArrayQueue";
    /// stampool's pool without a handle.
    pub const PER_THREAD: &str = "ThreadLocalPool";
    /// The same, declared by `static_pool!`.
    pub const STATIC: &str = "static ThreadLocalPool";
    /// stampool's pool without caches.
    pub const EXACT: &str = "ExactPool";
    /// The default strategy, checked.
    pub const CHECKED: &str = "TaggedWide, checked";
    /// The default strategy, hardened.
    pub const HARDENED: &str = "TaggedWide, hardened";
    /// The program's allocator.
    pub const SYSTEM: &str = "system malloc";
}

/// The batches that pools are measured with.
pub const BATCHES: [usize; 2] = [64, 256];

/// A way to use a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// One thread: allocate a block and free it, the cache is never empty or full.
    Hit,
    /// One thread allocates, another one frees; blocks go over a ring of 1,024.
    ProducerConsumer,
    /// Two threads share a bucket of 1,024 blocks: each allocates one, swaps it for a random one
    /// of the bucket and frees that.
    SharedBucket,
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hit, Self::ProducerConsumer, Self::SharedBucket];

    /// What an operation is.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Hit => "ns per allocate + free",
            Self::ProducerConsumer => "ns per block",
            Self::SharedBucket => "ns per swap, on each of 2 threads",
        }
    }

    /// Threads at work.
    pub const fn threads(self) -> usize {
        match self {
            Self::Hit => 1,
            Self::ProducerConsumer | Self::SharedBucket => 2,
        }
    }

    fn sample(self, subject: &impl Subject, operations: u64) -> Sample {
        match self {
            Self::Hit => hit::sample(subject, operations),
            Self::ProducerConsumer => producer_consumer::sample(subject, operations),
            Self::SharedBucket => shared_bucket::sample(subject, operations),
        }
    }

    /// The subjects of this workload.
    pub fn contenders(self) -> Vec<Contender> {
        let mut all = vec![self.contender(names::FLOOR, Floor)];
        match self {
            Self::Hit => {
                all.push(self.contender(names::ARRAY_STACK, ArrayStack { blocks: BATCHES[0] }))
            }
            // Twice what is live, so that the queue's two ends work on different lines.
            Self::ProducerConsumer => {
                all.push(
                    self.contender(names::ARRAY_QUEUE, QueueOfBlocks::new(2 * ring::CAPACITY)),
                );
            }
            Self::SharedBucket => {
                all.push(
                    self.contender(
                        names::ARRAY_QUEUE,
                        QueueOfBlocks::new(2 * shared_bucket::SLOTS),
                    ),
                );
            }
        }
        for batch in BATCHES {
            all.push(self.pool::<TaggedWide>(batch));
            all.push(self.pool::<TaggedPacked>(batch));
            all.push(self.pool::<EpochDeferred>(batch));
            all.push(self.pool::<Quiescent>(batch));
            all.push(self.pool::<Locked>(batch));
            // Other people's reclamation behind the same lists: twice as in a program of its own, as
            // far as that goes here, and twice as the models run it.
            all.push(self.pool::<SeizeDeferred>(batch));
            all.push(self.pool::<HazardDeferred>(batch));
            all.push(self.pool::<SeizeOwned>(batch));
            all.push(self.pool::<HazardEager>(batch));
        }
        all.push(self.contender(names::PER_THREAD, per_thread::<TaggedWide>(BATCHES[0])));
        all.push(self.contender(names::STATIC, Static));
        all.push(self.contender(names::EXACT, exact::<TaggedWide>()));
        for batch in BATCHES {
            all.push(self.named_pool::<Checked>(names::CHECKED, batch));
            all.push(self.named_pool::<Hardened>(names::HARDENED, batch));
        }
        all.push(self.contender(names::SYSTEM, System));
        all
    }

    fn contender(self, name: &str, subject: impl Subject + 'static) -> Contender {
        Contender::new(name, None, move |operations| self.sample(&subject, operations))
    }

    fn pool<S: Strategy>(self, batch: usize) -> Contender {
        self.named_pool::<S>(S::NAME, batch)
    }

    fn named_pool<S: Strategy>(self, name: &str, batch: usize) -> Contender {
        let pool = pool::<S>(batch);
        Contender::new(name, Some(batch), move |operations| self.sample(&pool, operations))
    }
}
