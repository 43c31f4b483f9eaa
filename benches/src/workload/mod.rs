//! The workloads: each uses a subject in one way and times it.

mod bulk;
mod burst;
mod cache_line;
mod hit;
mod larson;
mod message_passing;
mod mstress;
mod producer_consumer;
mod shared_bucket;
mod side;
mod team;
mod threadtest;
mod working_set;
mod xmalloc;

pub use team::Team;

use core::fmt;

use serde::Serialize;

use crate::loops::larson::BLOCKS as LARSON_BLOCKS;
use crate::loops::working_set::LIVE;
use crate::sample::cores;
use crate::subjects::AnySubject;
use crate::{Sample, ring};
use burst::Order;
use message_passing::Passing;
use producer_consumer::Crossing;

/// A way to use a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Allocate a block and free it: a cache is never empty or full.
    Hit,
    /// Allocate 1,000, free them from the last to the first.
    BurstLifo,
    /// Allocate 1,000, free them from the first to the last.
    BurstFifo,
    /// Allocate 1,000, free them in no order.
    BurstShuffled,
    /// Allocate 8 by one call, free them by one call.
    Bulk8,
    /// Allocate 64 by one call, free them by one call.
    Bulk64,
    /// Allocate 1,000 by one call, free them by one call.
    Bulk1000,
    /// 1,024 live blocks for each thread, an eighth of them renewed at a time.
    WorkingSet,
    /// Threads share a bucket of 1,024 blocks: each allocates one, swaps it for a random one of the
    /// bucket and frees that.
    SharedBucket,
    /// Some threads allocate, others free; at most 1,024 blocks are on their way.
    ProducerConsumer,
    /// The field's larson: random renewals, and arrays that outlive their handles.
    Larson,
    /// The field's cache-thrash: blocks that are written many times.
    CacheThrash,
    /// The field's cache-scratch: the same, and the first block comes from another thread.
    CacheScratch,
    /// The field's xmalloc-test: batches go from those who allocate to those who free.
    Xmalloc,
    /// The field's mstress: threads that come and go, keep some blocks and swap others.
    Mstress,
    /// The field's threadtest: each thread allocates its share of 10,000, then frees it.
    Threadtest,
    /// The field's msgpass, with answers: at most 4,096 messages are on their way.
    MessagePassing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Hit,
        Self::BurstLifo,
        Self::BurstFifo,
        Self::BurstShuffled,
        Self::Bulk8,
        Self::Bulk64,
        Self::Bulk1000,
        Self::WorkingSet,
        Self::SharedBucket,
        Self::ProducerConsumer,
        Self::Larson,
        Self::CacheThrash,
        Self::CacheScratch,
        Self::Xmalloc,
        Self::Mstress,
        Self::Threadtest,
        Self::MessagePassing,
    ];

    /// What it goes by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::BurstLifo => "burst-lifo",
            Self::BurstFifo => "burst-fifo",
            Self::BurstShuffled => "burst-shuffled",
            Self::Bulk8 => "bulk-8",
            Self::Bulk64 => "bulk-64",
            Self::Bulk1000 => "bulk-1000",
            Self::WorkingSet => "working-set",
            Self::SharedBucket => "shared-bucket",
            Self::ProducerConsumer => "producer-consumer",
            Self::Larson => "larson",
            Self::CacheThrash => "cache-thrash",
            Self::CacheScratch => "cache-scratch",
            Self::Xmalloc => "xmalloc",
            Self::Mstress => "mstress",
            Self::Threadtest => "threadtest",
            Self::MessagePassing => "message-passing",
        }
    }

    /// What an operation is.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Hit
            | Self::BurstLifo
            | Self::BurstFifo
            | Self::BurstShuffled
            | Self::Bulk8
            | Self::Bulk64
            | Self::Bulk1000
            | Self::Threadtest => "ns per allocate + free, on each thread",
            Self::WorkingSet | Self::Larson => "ns per free + allocate, on each thread",
            Self::CacheThrash | Self::CacheScratch => "ns per block of 100 writes, on each thread",
            Self::SharedBucket => "ns per swap, on each thread",
            Self::ProducerConsumer | Self::Xmalloc | Self::Mstress => {
                "ns per block, all threads together"
            }
            Self::MessagePassing => "ns per message and its answer, all threads together",
        }
    }
}

/// A kind, with its threads and its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What is done.
    pub kind: Kind,
    /// Who does it.
    pub team: Team,
    /// Bytes of a block.
    pub size_bytes: usize,
    /// Whether the blocks' bytes are used, where the kind knows a difference.
    pub touched: bool,
}

/// `hit/1/64`, `producer-consumer/1P3C/64/touched`.
impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, team, size_bytes, touched } = self;
        write!(f, "{}/{team}/{size_bytes}", kind.name())?;
        match (kind, touched) {
            (Kind::ProducerConsumer, true) => write!(f, "/touched"),
            (Kind::ProducerConsumer, false) => write!(f, "/untouched"),
            _ => Ok(()),
        }
    }
}

impl Workload {
    /// Every kind with these numbers of threads and sizes of block.
    pub fn list(threads: &[usize], sizes_bytes: &[usize]) -> Vec<Self> {
        let mut all = Vec::new();
        for kind in Kind::ALL {
            let alike = threads.iter().map(|&threads| Team::Alike(threads));
            let (teams, touches): (Vec<Team>, &[bool]) = match kind {
                Kind::ProducerConsumer => (Team::CROSSINGS.to_vec(), &[false, true]),
                Kind::Xmalloc => (Team::PAIRS.to_vec(), &[false]),
                // Their blocks are always written.
                Kind::MessagePassing => (Team::EVEN.to_vec(), &[true]),
                Kind::Mstress | Kind::Threadtest => (alike.collect(), &[true]),
                _ => (alike.collect(), &[false]),
            };
            for &size_bytes in sizes_bytes {
                for &team in &teams {
                    all.extend(touches.iter().map(|&touched| Self {
                        kind,
                        team,
                        size_bytes,
                        touched,
                    }));
                }
            }
        }
        all
    }

    /// Whether `pattern` names it, or begins its name up to one of the slashes.
    pub fn is_named(&self, pattern: &str) -> bool {
        let name = self.to_string();
        name.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Threads at work.
    pub const fn threads(&self) -> usize {
        self.team.threads()
    }

    /// Whether there are more threads than cores.
    pub fn is_crowded(&self) -> bool {
        self.threads() > cores()
    }

    /// More blocks than this are never live at one time.
    pub const fn live_blocks(&self) -> usize {
        let threads = self.threads();
        match self.kind {
            Kind::Hit => threads,
            Kind::BurstLifo | Kind::BurstFifo | Kind::BurstShuffled => threads * burst::BLOCKS,
            Kind::Bulk8 => threads * 8,
            Kind::Bulk64 => threads * 64,
            Kind::Bulk1000 => threads * 1000,
            Kind::WorkingSet => threads * LIVE,
            Kind::SharedBucket => shared_bucket::SLOTS + threads,
            Kind::ProducerConsumer => self.team.groups() * ring::CAPACITY + threads,
            Kind::Larson => threads * LARSON_BLOCKS,
            Kind::CacheThrash | Kind::CacheScratch => 2 * threads,
            Kind::Xmalloc => xmalloc::live_blocks(threads / 2),
            Kind::Mstress => mstress::live_blocks(threads),
            Kind::Threadtest => threads * threadtest::share(threads),
            Kind::MessagePassing => message_passing::live_blocks(self.team.sides().1),
        }
    }

    /// The most threads that have used the subject and have not ended yet, in the first sample.
    pub const fn users(&self) -> usize {
        let threads = self.threads();
        match self.kind {
            // The one that samples allocates the first blocks, or frees the last.
            Kind::SharedBucket | Kind::Mstress | Kind::CacheThrash | Kind::CacheScratch => {
                threads + 1
            }
            // A life at a time beside each array's own thread.
            Kind::Larson => 2 * threads,
            _ => threads,
        }
    }

    /// The most blocks that one thread has on their way to others, where it sends them in order.
    pub const fn in_flight(&self) -> usize {
        match self.kind {
            Kind::MessagePassing => message_passing::IN_FLIGHT,
            _ => ring::CAPACITY,
        }
    }

    /// Whether bytes of blocks are written, so that there must be some.
    pub const fn writes(&self) -> bool {
        self.touched || matches!(self.kind, Kind::CacheThrash | Kind::CacheScratch)
    }

    /// Whether each thread frees what it allocates.
    pub const fn is_private(&self) -> bool {
        use Kind::{
            Bulk8, Bulk64, Bulk1000, BurstFifo, BurstLifo, BurstShuffled, CacheThrash, Hit,
            Threadtest, WorkingSet,
        };
        matches!(
            self.kind,
            Hit | BurstLifo
                | BurstFifo
                | BurstShuffled
                | Bulk8
                | Bulk64
                | Bulk1000
                | WorkingSet
                | CacheThrash
                | Threadtest
        )
    }

    /// Times about so many operations.
    pub(crate) fn sample(&self, subject: &dyn AnySubject, operations: u64) -> Sample {
        let threads = self.threads();
        let (producers, consumers) = self.team.sides();
        let touched_bytes = if self.touched { self.size_bytes } else { 0 };
        match self.kind {
            Kind::Hit => hit::sample(subject, threads, operations),
            Kind::BurstLifo => burst::sample(subject, Order::Lifo, threads, operations),
            Kind::BurstFifo => burst::sample(subject, Order::Fifo, threads, operations),
            Kind::BurstShuffled => burst::sample(subject, Order::Shuffled, threads, operations),
            Kind::Bulk8 => bulk::sample(subject, 8, threads, operations),
            Kind::Bulk64 => bulk::sample(subject, 64, threads, operations),
            Kind::Bulk1000 => bulk::sample(subject, 1000, threads, operations),
            Kind::WorkingSet => working_set::sample(subject, threads, operations),
            Kind::SharedBucket => shared_bucket::sample(subject, threads, operations),
            Kind::Larson => larson::sample(subject, threads, operations),
            Kind::CacheThrash => cache_line::sample(subject, false, threads, operations),
            Kind::CacheScratch => cache_line::sample(subject, true, threads, operations),
            Kind::Xmalloc => xmalloc::sample(subject, threads / 2, operations),
            Kind::Mstress => mstress::sample(subject, threads, touched_bytes, operations),
            Kind::Threadtest => threadtest::sample(subject, threads, touched_bytes, operations),
            Kind::MessagePassing => {
                let passing = Passing { producers, consumers, touched_bytes };
                message_passing::sample(subject, passing, operations)
            }
            Kind::ProducerConsumer => {
                let paired = matches!(self.team, Team::Pairs(_));
                let crossing = Crossing { producers, consumers, paired, touched_bytes };
                producer_consumer::sample(subject, crossing, operations)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_ends_at_a_slash() {
        let all = Workload::list(&[1, 2], &[16, 64]);
        let named = |pattern| all.iter().filter(|one| one.is_named(pattern)).count();
        assert_eq!(
            (named("hit"), named("hit/1"), named("hit/1/6"), named("hit/1/64")),
            (4, 2, 0, 1)
        );
        assert_eq!(named("producer-consumer/1P3C/16"), 2);
        assert_eq!(named("producer-consumer/1P3C/16/touched"), 1);
        assert_eq!(named("burst"), 0);
    }
}
