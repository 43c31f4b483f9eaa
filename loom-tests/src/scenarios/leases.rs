//! Values that threads lease: the instances of a `PerThread`, and the records of a `Counted`.
//!
//! There is no specification: each body lists the outcomes, and its assertions judge the rest.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::alloc::System;
use std::sync::Arc;

use stampool::adapt::FromGlobal;
use stampool::alloc::Blocks;
use stampool::alloc::wrap::{Counted, CountedThread, PerThread};
use stampool::raw::sync::thread;

use super::listed::Listed;
use super::{Metered, Payload};
use crate::one_at_a_time::operation;

/// The subject's name in the ledger.
pub const SUBJECT: &str = "Leases";

/// The scenarios, in order.
pub const SCENARIOS: &[Listed] = &[
    Listed {
        name: "per_thread/lease_lease",
        body: lease_lease,
        outcomes: &["one instance", "two instances"],
    },
    Listed {
        name: "per_thread/lease_again",
        body: lease_again,
        outcomes: &["one instance", "two instances"],
    },
    Listed {
        name: "per_thread/gather",
        body: gather,
        outcomes: &["one instance", "two instances"],
    },
    Listed { name: "counted/merge", body: merge, outcomes: &["all counted"] },
    Listed { name: "counted/pass_on", body: pass_on, outcomes: &["all counted"] },
    Listed { name: "counted/shared", body: shared, outcomes: &["all counted"] },
    Listed { name: "counted/read_beside", body: read_beside, outcomes: &["0", "1"] },
];

const WORD: Layout = Layout::new::<u64>();

type Instance = Blocks<Metered>;

/// Leased allocators of words, with the cells for the bytes of their blocks, and the number of the
/// regions that they hold.
struct Rig {
    arenas: PerThread<Instance, Box<dyn Fn() -> Instance + Send + Sync>>,
    bytes: Payload,
    regions: Arc<AtomicIsize>,
}

/// A block on its way to another thread.
struct Sent(NonNull<u8>);

// SAFETY: the pointer is used by its one owner.
unsafe impl Send for Sent {}

impl Rig {
    fn new() -> Arc<Self> {
        let regions = Arc::new(AtomicIsize::new(0));
        let count = Arc::clone(&regions);
        let make =
            move || Blocks::new(WORD, Metered(Arc::clone(&count))).expect("blocks of a word");
        Arc::new(Self {
            arenas: PerThread::new(Box::new(make)),
            bytes: Payload::default(),
            regions,
        })
    }

    /// Leases an instance, takes a block, and gives both back.
    fn use_one(&self) {
        let lease = operation(|| self.arenas.lease());
        let instance = core::ptr::from_ref(lease.get()).addr();
        self.bytes.taken(instance);
        let block = lease.allocate(WORD).expect("memory").cast::<u8>();
        self.bytes.taken(block.addr().get());
        self.bytes.given(block.addr().get());
        // SAFETY: the block is live, and of this instance.
        unsafe { lease.deallocate(block, WORD) };
        self.bytes.given(instance);
        operation(|| drop(lease));
    }

    /// Leases an instance, and leaves a block in it.
    fn leave_one(&self) -> Sent {
        let lease = operation(|| self.arenas.lease());
        let block = lease.allocate(WORD).expect("memory").cast::<u8>();
        self.bytes.taken(block.addr().get());
        operation(|| drop(lease));
        Sent(block)
    }

    /// Looks at what is left when all threads have ended, and takes all instances out.
    fn end(self: Arc<Self>, blocks: usize) -> String {
        let Ok(mut rig) = Arc::try_unwrap(self) else { panic!("a thread has not ended") };
        assert_eq!(rig.arenas.usage().live_blocks.unwrap_or(0), blocks, "blocks were lost");
        let instances = rig.arenas.into_instances().count();
        assert_eq!(rig.regions.load(Ordering::Relaxed), 0, "an instance was lost");
        match instances {
            1 => "one instance".into(),
            2 => "two instances".into(),
            more => format!("{more} instances"),
        }
    }
}

/// Two threads lease at once, or one after the other.
fn lease_lease() -> String {
    let rig = Rig::new();
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.use_one());
    rig.use_one();
    other.join().expect("no panic unreported");
    rig.end(0)
}

/// There is an instance already, which both threads want.
fn lease_again() -> String {
    let rig = Rig::new();
    rig.use_one();
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.use_one());
    rig.use_one();
    other.join().expect("no panic unreported");
    rig.end(0)
}

/// Two threads leave a block each. All are there in the end, and go back to their instances.
fn gather() -> String {
    let rig = Rig::new();
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.leave_one());
    let here = rig.leave_one();
    let there = other.join().expect("no panic unreported");
    assert_ne!(here.0, there.0, "a block was handed out twice");
    rig.bytes.given(here.0.addr().get());
    rig.bytes.given(there.0.addr().get());
    rig.end(2)
}

type Heap = Counted<FromGlobal<System>>;

fn take_and_give(own: &CountedThread<'_, FromGlobal<System>>) {
    let block = own.allocate(WORD).expect("memory").cast();
    // SAFETY: the block is live.
    unsafe { own.deallocate(block, WORD) };
}

/// Two threads count in records of their own, and their sum is exact when both have ended.
fn merge() -> String {
    let heap = Arc::new(Heap::new(FromGlobal(&System)));
    let shared = Arc::clone(&heap);
    let other = thread::spawn(move || take_and_give(&operation(|| shared.thread())));
    take_and_give(&operation(|| heap.thread()));
    other.join().expect("no panic unreported");
    exact(&heap, 2)
}

/// Two threads count in the same record, one after the other, or in two.
fn pass_on() -> String {
    let heap = Arc::new(Heap::new(FromGlobal(&System)));
    take_and_give(&heap.thread());
    let shared = Arc::clone(&heap);
    let other = thread::spawn(move || take_and_give(&operation(|| shared.thread())));
    take_and_give(&operation(|| heap.thread()));
    other.join().expect("no panic unreported");
    exact(&heap, 3)
}

/// Two threads count in the record that all threads share.
fn shared() -> String {
    let heap = Arc::new(Heap::new(FromGlobal(&System)));
    let other = Arc::clone(&heap);
    let other = thread::spawn(move || operation(|| other.allocate(WORD)).expect("memory").len());
    operation(|| heap.allocate(WORD)).expect("memory");
    other.join().expect("no panic unreported");
    let statistics = heap.statistics();
    assert_eq!(statistics.live_bytes(), 16, "statistics were lost");
    "all counted".into()
}

fn exact(heap: &Heap, blocks: u64) -> String {
    let statistics = heap.statistics();
    assert_eq!(statistics.allocations, blocks, "statistics were lost");
    assert_eq!(statistics.deallocated_bytes, 8 * blocks, "statistics were lost");
    assert_eq!((statistics.live_blocks(), statistics.live_bytes()), (0, 0));
    "all counted".into()
}

/// One thread reads while another one counts: it finds a number of blocks that there was.
fn read_beside() -> String {
    let heap = Arc::new(Heap::new(FromGlobal(&System)));
    let shared = Arc::clone(&heap);
    let other = thread::spawn(move || take_and_give(&shared.thread()));
    let seen = operation(|| heap.statistics().allocations);
    other.join().expect("no panic unreported");
    exact(&heap, 1);
    seen.to_string()
}
