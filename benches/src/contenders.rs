//! Which subjects a workload is run with.

use core::alloc::GlobalAlloc;
use std::alloc::System;

use crossbeam_queue::SegQueue;
use peers::malloc::{Jemalloc, MiMalloc, SnMalloc};
use peers::{HazardDeferred, HazardEager, SeizeDeferred, SeizeOwned};
use rpmalloc::RpMalloc;
use serde::Serialize;
use stampool::{
    Checked, EpochDeferred, Hardened, Locked, Quiescent, Strategy, TaggedPacked, TaggedWide,
};

use crate::Subject;
use crate::rounds::Contender;
use crate::subject::block_of;
use crate::subjects::{
    ArrayStack, Deques, Floor, FloorInMemory, LinearPool, Listed, Malloc, OPool, ParkingLot,
    QueueOfBlocks, Slab, Static, StdMutex, exact, per_thread, pool,
};
use crate::workload::Workload;

/// Names of the subjects that are not pools with a handle.
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

/// What a subject is, for whoever compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The harness alone.
    Floor,
    /// What cannot be shared, and is a limit for what can.
    Limit,
    /// A pool of this library.
    Ours,
    /// This library's lists with another one's reclamation behind them.
    Adapted,
    /// A general allocator.
    Malloc,
    /// A shared list of blocks, or somebody else's pool of objects: a peer, and not a malloc.
    Pool,
}

impl Role {
    /// Whether a program could use it in our place.
    pub const fn is_peer(self) -> bool {
        matches!(self, Self::Malloc | Self::Pool)
    }
}

/// A choice of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// The pools under each strategy, and little beside them.
    Strategies,
    /// The default strategy, in every form, against what one would use instead.
    Peers,
    /// Everything.
    All,
}

impl Suite {
    const fn has_peers(self) -> bool {
        matches!(self, Self::Peers | Self::All)
    }

    const fn has_strategies(self) -> bool {
        matches!(self, Self::Strategies | Self::All)
    }
}

/// The subjects of `workload`.
///
/// # Panics
///
/// On a size of block that is not in [`SIZES`](crate::subject::SIZES).
pub fn contenders(workload: Workload, suite: Suite) -> Vec<Contender> {
    match workload.size_bytes {
        16 => Line::<16> { workload, all: Vec::new() }.of(suite),
        64 => Line::<64> { workload, all: Vec::new() }.of(suite),
        256 => Line::<256> { workload, all: Vec::new() }.of(suite),
        4096 => Line::<4096> { workload, all: Vec::new() }.of(suite),
        other => panic!("no subject is compiled for blocks of {other} bytes"),
    }
}

/// The subjects of a workload with blocks of `SIZE` bytes, as they line up.
struct Line<const SIZE: usize> {
    workload: Workload,
    all: Vec<Contender>,
}

impl<const SIZE: usize> Line<SIZE> {
    fn of(mut self, suite: Suite) -> Vec<Contender> {
        self.limits();
        for batch in BATCHES {
            self.pool::<TaggedWide>(batch);
            if suite.has_strategies() {
                self.pool::<TaggedPacked>(batch);
                self.pool::<EpochDeferred>(batch);
                self.pool::<Quiescent>(batch);
                self.pool::<Locked>(batch);
                // Other people's reclamation behind the same lists: twice as in a program of its
                // own, as far as that goes here, and twice as the models run it.
                self.adapted::<SeizeDeferred>(batch);
                self.adapted::<HazardDeferred>(batch);
                self.adapted::<SeizeOwned>(batch);
                self.adapted::<HazardEager>(batch);
            }
        }
        self.other_forms(suite);
        if suite.has_strategies() {
            for batch in BATCHES {
                self.named_pool::<Checked>(names::CHECKED, Role::Ours, batch);
                self.named_pool::<Hardened>(names::HARDENED, Role::Ours, batch);
            }
        }
        self.peers(suite);
        self.all
    }

    fn limits(&mut self) {
        let layout = block_of(SIZE);
        if self.workload.touched {
            self.add(names::FLOOR, Role::Floor, FloorInMemory::new(layout));
        } else {
            self.add(names::FLOOR, Role::Floor, Floor);
        }
        if self.workload.is_private() {
            let blocks = self.workload.live_blocks().max(BATCHES[0]);
            self.add(names::ARRAY_STACK, Role::Limit, ArrayStack { blocks, layout });
        }
    }

    /// Without a handle, and without caches.
    fn other_forms(&mut self, suite: Suite) {
        self.per_thread::<TaggedWide>(names::PER_THREAD);
        if SIZE == 64 {
            self.add(names::STATIC, Role::Ours, Static);
        }
        self.add(names::EXACT, Role::Ours, exact::<TaggedWide>(block_of(SIZE)));
        if suite == Suite::All {
            self.per_thread::<TaggedPacked>("ThreadLocalPool, TaggedPacked");
            self.per_thread::<EpochDeferred>("ThreadLocalPool, EpochDeferred");
            self.per_thread::<Quiescent>("ThreadLocalPool, Quiescent");
            self.per_thread::<Locked>("ThreadLocalPool, Locked");
            // Not EpochDeferred: a pool without caches refuses what defers.
            let layout = block_of(SIZE);
            self.add("ExactPool, TaggedPacked", Role::Ours, exact::<TaggedPacked>(layout));
            self.add("ExactPool, Quiescent", Role::Ours, exact::<Quiescent>(layout));
            self.add("ExactPool, Locked", Role::Ours, exact::<Locked>(layout));
        }
    }

    fn peers(&mut self, suite: Suite) {
        let layout = block_of(SIZE);
        // Twice what is live, so that a queue's two ends work on different lines.
        let blocks = 2 * self.workload.live_blocks();
        self.malloc(names::SYSTEM, System);
        self.add(names::ARRAY_QUEUE, Role::Pool, QueueOfBlocks::new(blocks, layout));
        if !suite.has_peers() {
            return;
        }
        self.malloc("mimalloc", MiMalloc);
        self.malloc("snmalloc", SnMalloc);
        self.malloc("jemalloc", Jemalloc);
        self.malloc("rpmalloc", RpMalloc);
        self.add("std Mutex<Vec>", Role::Pool, Listed::new(StdMutex::default(), layout));
        self.add("parking_lot Mutex<Vec>", Role::Pool, Listed::new(ParkingLot::default(), layout));
        self.add("crossbeam SegQueue", Role::Pool, Listed::new(SegQueue::new(), layout));
        self.add("crossbeam-deque", Role::Pool, Deques::new(layout));
        self.add("sharded-slab", Role::Pool, Slab::<SIZE>::new());
        let empty = object_pool::Pool::from_vec(Vec::new());
        self.add("object-pool", Role::Pool, Listed::new(empty, layout));
        self.add("lockfree-object-pool", Role::Pool, LinearPool::new(layout));
        self.add("opool", Role::Pool, OPool::new(blocks, layout));
    }

    fn add(&mut self, name: &str, role: Role, subject: impl Subject + 'static) {
        self.add_with(name, role, None, subject);
    }

    fn add_with(
        &mut self,
        name: &str,
        role: Role,
        batch: Option<usize>,
        subject: impl Subject + 'static,
    ) {
        let workload = self.workload;
        let run = move |operations| workload.sample(&subject, operations);
        self.all.push(Contender::new(name, role, batch, run));
    }

    fn malloc(&mut self, name: &str, heap: impl GlobalAlloc + Send + Sync + 'static) {
        self.add(name, Role::Malloc, Malloc::<_, SIZE>(heap));
    }

    fn pool<S: Strategy>(&mut self, batch: usize) {
        self.named_pool::<S>(S::NAME, Role::Ours, batch);
    }

    fn adapted<S: Strategy>(&mut self, batch: usize) {
        self.named_pool::<S>(S::NAME, Role::Adapted, batch);
    }

    fn named_pool<S: Strategy>(&mut self, name: &str, role: Role, batch: usize) {
        self.add_with(name, role, Some(batch), pool::<S>(block_of(SIZE), batch));
    }

    fn per_thread<S: Strategy>(&mut self, name: &str) {
        for batch in BATCHES {
            let pool = per_thread::<S>(block_of(SIZE), batch);
            self.add_with(name, Role::Ours, Some(batch), pool);
        }
    }
}
