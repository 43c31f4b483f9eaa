//! Threads that share an arena with a capacity. Their handles lie in thread-local storage, so porf runs
//! these scenarios.
//!
//! There is no specification: each body lists the outcomes, and its assertions judge the rest.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Arc;

use stampool::alloc::{AllocError, SlabArena};
use stampool::raw::sync::thread;

use super::listed::Listed;
use super::{Metered, Payload};
use crate::one_at_a_time::operation;

/// The subject's name in the ledger.
pub const SUBJECT: &str = "SlabArena";

/// The scenarios, in order.
pub const SCENARIOS: &[Listed] = &[
    Listed { name: "slab/class_built_twice", body: class_built_twice, outcomes: &["2 blocks"] },
    Listed {
        name: "slab/last_page_two_classes",
        body: last_page_two_classes,
        outcomes: &["here", "there"],
    },
    Listed {
        name: "slab/large_freed_elsewhere",
        body: large_freed_elsewhere,
        outcomes: &["had", "refused"],
    },
    Listed { name: "slab/page_goes_on", body: page_goes_on, outcomes: &["had", "refused"] },
    Listed { name: "slab/refused_by_trim", body: refused_by_trim, outcomes: &["both"] },
];

const PAGE: usize = 4096;
/// More than the largest block of a pool.
const LARGE: usize = 68 << 10;

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("a layout")
}

/// An arena, the cells for the bytes of its blocks, and the number of the regions that it holds.
struct Rig {
    arena: SlabArena,
    bytes: Payload,
    regions: Arc<AtomicIsize>,
}

/// A block on its way to another thread.
struct Sent(NonNull<u8>);

// SAFETY: the pointer is used by its one owner.
unsafe impl Send for Sent {}

impl Rig {
    fn new(capacity: usize) -> Arc<Self> {
        let regions = Arc::new(AtomicIsize::new(0));
        let source = Metered(Arc::clone(&regions));
        let arena = SlabArena::builder(capacity).source(source).build().expect("an arena");
        Arc::new(Self { arena, bytes: Payload::default(), regions })
    }

    /// Takes a block, if there is one.
    fn take(&self, layout: Layout) -> Option<Sent> {
        match operation(|| self.arena.allocate(layout)) {
            Ok(block) => {
                let block = block.cast::<u8>();
                self.bytes.taken(block.addr().get());
                Some(Sent(block))
            }
            Err(error) => {
                assert_eq!(error, AllocError::Capacity);
                None
            }
        }
    }

    fn give(&self, Sent(block): Sent, layout: Layout) {
        self.bytes.given(block.addr().get());
        // SAFETY: live, of this layout, and given back once.
        operation(|| unsafe { self.arena.deallocate(block, layout) });
    }

    /// Counts the blocks when all threads have ended, and drops the arena.
    fn end(self: Arc<Self>) -> usize {
        let Ok(mut rig) = Arc::try_unwrap(self) else { panic!("a thread has not ended") };
        let census = rig.arena.census();
        assert!(census.heap_bytes <= census.capacity_bytes, "more pages than there are");
        drop(rig.arena);
        assert_eq!(rig.regions.load(Ordering::Relaxed), 0, "the region did not go back once");
        census.allocated_blocks
    }
}

/// Two threads use a class for the first time: one pool is built, which both use.
fn class_built_twice() -> String {
    let rig = Rig::new(PAGE);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.take(bytes(2048)).is_some());
    let had = rig.take(bytes(2048)).is_some();
    assert!(other.join().expect("no panic unreported") && had, "a page holds two");
    let blocks = rig.end();
    assert_eq!(blocks, 2, "a pool was lost, with its blocks");
    format!("{blocks} blocks")
}

/// One page, and two threads that want blocks of different classes: one of them has it.
fn last_page_two_classes() -> String {
    let rig = Rig::new(PAGE);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.take(bytes(4096)).is_some());
    let had = rig.take(bytes(2048)).is_some();
    let there = other.join().expect("no panic unreported");
    assert_eq!(rig.end(), usize::from(had) + usize::from(there), "a block was lost");
    match (had, there) {
        (true, false) => "here".into(),
        (false, true) => "there".into(),
        _ => format!("{had} {there}"),
    }
}

/// A thread frees the only block of pages, and another one wants them.
fn large_freed_elsewhere() -> String {
    let rig = Rig::new(LARGE);
    let block = rig.take(bytes(LARGE)).expect("all pages");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.give(block, bytes(LARGE)));
    let had = rig.take(bytes(LARGE)).is_some();
    other.join().expect("no panic unreported");
    assert_eq!(rig.end(), usize::from(had), "a block was lost");
    if had { "had".into() } else { "refused".into() }
}

/// A thread frees a block of one class and ends, and another one wants its page for another class: the
/// page is out of reach as long as the block is in the cache of the thread that freed it.
fn page_goes_on() -> String {
    let rig = Rig::new(PAGE);
    let block = rig.take(bytes(4096)).expect("the page");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.give(block, bytes(4096)));
    let had = rig.take(bytes(2048)).is_some();
    other.join().expect("no panic unreported");
    assert_eq!(rig.end(), usize::from(had), "a block was lost");
    if had { "had".into() } else { "refused".into() }
}

/// Two threads want a page each, and both pages are those of free blocks of another class. While one
/// thread has these blocks in its hands, the other one finds none. It waits, and is not refused.
fn refused_by_trim() -> String {
    let rig = Rig::new(2 * PAGE);
    let blocks = [rig.take(bytes(PAGE)), rig.take(bytes(PAGE))];
    let shared = Arc::clone(&rig);
    let give = move || {
        for block in blocks {
            shared.give(block.expect("two pages"), bytes(PAGE));
        }
    };
    thread::spawn(give).join().expect("no panic unreported");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.take(bytes(2048)).is_some());
    let had = rig.take(bytes(1024)).is_some();
    let there = other.join().expect("no panic unreported");
    assert_eq!(rig.end(), usize::from(had) + usize::from(there), "a block was lost");
    match (had, there) {
        (true, true) => "both".into(),
        _ => format!("{had} {there}"),
    }
}
