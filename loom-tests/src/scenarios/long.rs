//! Long programs of up to 16 threads over a whole pool, for sampled schedules.
//!
//! Too long for a specification: the body's own assertions judge. Which operations a thread does
//! comes from a seed, so a schedule repeats.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use stampool::raw::sync::thread;
use stampool::{Local, Pool, Strategy, Topology};

use super::Payload;

/// A named program.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// Threads, beside the one that starts them.
    pub threads: usize,
    /// Operations of each thread.
    pub ops: usize,
    /// Blocks per batch.
    pub batch: usize,
    /// Shards; who attaches is in the next one each time.
    pub shards: usize,
    /// How likely a thread does what.
    pub mix: Mix,
}

/// Odds of a thread's operations; what is left of 16 is freeing a block of its own.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Allocate, keep.
    pub allocate: u32,
    /// Allocate, put into the bucket that all share.
    pub send: u32,
    /// Free a block out of the bucket.
    pub receive: u32,
    /// Drop the handle and become a new one.
    pub reattach: u32,
}

/// The long scenarios: every strategy runs all of these.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "long/bucket_of_8",
        threads: 8,
        ops: 24,
        batch: 2,
        shards: 1,
        mix: Mix { allocate: 3, send: 5, receive: 5, reattach: 0 },
    },
    Scenario {
        name: "long/churn_of_16",
        threads: 16,
        ops: 12,
        batch: 2,
        shards: 1,
        mix: Mix { allocate: 4, send: 4, receive: 3, reattach: 2 },
    },
    Scenario {
        name: "long/shards_of_8",
        threads: 8,
        ops: 16,
        batch: 1,
        shards: 2,
        mix: Mix { allocate: 3, send: 5, receive: 5, reattach: 1 },
    },
];

/// Puts the threads into the shards in turn, in the order in which they attach.
struct InTurn {
    shards: usize,
    next: AtomicUsize,
}

impl Topology for InTurn {
    fn shards(&self) -> usize {
        self.shards
    }

    fn shard(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// The threads' own numbers: xorshift, so that no crate decides what a seed means.
struct Random(u64);

impl Random {
    fn of_thread(thread: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(thread as u64 + 1))
    }

    /// 0 to 15.
    fn die(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 60).expect("four bits")
    }
}

struct Shared<S: Strategy> {
    pool: Pool<S>,
    payload: Payload,
    /// std's: no scheduling point.
    bucket: Mutex<Vec<usize>>,
    /// Live blocks now and at most.
    live: Mutex<(usize, usize)>,
}

impl<S: Strategy> Shared<S> {
    fn allocate(&self, local: &Local<'_, S>) -> usize {
        let block = local.allocate().expect("memory").as_ptr().expose_provenance();
        self.payload.taken(block);
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.0 += 1;
        live.1 = live.1.max(live.0);
        block
    }

    fn free(&self, local: &Local<'_, S>, block: usize) {
        self.payload.given(block);
        self.live.lock().unwrap_or_else(PoisonError::into_inner).0 -= 1;
        let block = NonNull::new(core::ptr::with_exposed_provenance_mut(block));
        // SAFETY: allocated from this pool, and handed to this thread alone.
        unsafe { local.deallocate(block.expect("blocks are not null").into()) };
    }

    fn bucket(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, scenario: &Scenario, thread: usize) {
        let Mix { allocate, send, receive, reattach } = scenario.mix;
        let mut random = Random::of_thread(thread);
        let mut own = Vec::new();
        let mut local = Some(self.pool.local().expect("memory"));
        for _ in 0..scenario.ops {
            let handle = local.as_ref().expect("attached");
            let die = random.die();
            if die < allocate {
                own.push(self.allocate(handle));
            } else if die < allocate + send {
                let block = self.allocate(handle);
                self.bucket().push(block);
            } else if die < allocate + send + receive {
                let block = self.bucket().pop();
                if let Some(block) = block {
                    self.free(handle, block);
                }
            } else if die < allocate + send + receive + reattach {
                // Gone before the new one comes, so that it may sit down in the same place.
                drop(local.take());
                local = Some(self.pool.local().expect("memory"));
            } else if let Some(block) = own.pop() {
                self.free(handle, block);
            }
        }
        self.bucket().append(&mut own);
    }
}

/// Runs a scenario once on the shipped pool. The outcome is always the same: the assertions judge.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>(scenario: &'static Scenario) -> String {
    let builder = Pool::builder(Layout::new::<u64>())
        .strategy::<S>()
        .batch(scenario.batch)
        .chunk_blocks(16)
        .topology(InTurn { shards: scenario.shards, next: AtomicUsize::new(0) });
    // SAFETY: a block that is handed out twice is what the body looks for; it writes to none.
    let pool =
        unsafe { builder.allow_narrow_tags() }.build().expect("a scenario's pool can be built");
    let shared = Arc::new(Shared {
        pool,
        payload: Payload::default(),
        bucket: Mutex::default(),
        live: Mutex::default(),
    });
    let threads: Vec<_> = (0..scenario.threads)
        .map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.follow(scenario, number))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic unreported"));

    let mut shared = Arc::into_inner(shared).expect("all threads are joined");
    let (live, most_live) = *shared.live.get_mut().unwrap_or_else(PoisonError::into_inner);
    let (stats, census) = (shared.pool.stats(), shared.pool.census());
    assert_eq!(live, shared.bucket().len(), "the threads lost a block themselves");
    assert_eq!(census.free_blocks() + live, stats.carved_blocks, "a block was lost");
    assert_eq!(census.cached_blocks, 0, "a handle left with blocks");
    let bound = most_live + 3 * scenario.threads * scenario.batch + scenario.batch;
    assert!(stats.carved_blocks <= bound, "{} blocks carved, bound {bound}", stats.carved_blocks);
    let local = shared.pool.local().expect("memory");
    for _ in 0..census.free_blocks() {
        // Twice handed out would show here.
        shared.payload.taken(local.allocate().expect("a free block").as_ptr().addr());
    }
    assert_eq!(shared.pool.stats().carved_blocks, stats.carved_blocks, "a free block not found");
    drop(local);
    "conserved".into()
}
