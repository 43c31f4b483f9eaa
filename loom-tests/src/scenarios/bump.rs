//! Allocators that several threads bump through one piece of memory.
//!
//! There is no specification: each body lists the outcomes, and its assertions judge the rest. The
//! bytes of a block are cells that the checkers see, one for each eight bytes.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::AtomicIsize;
use std::collections::BTreeSet;
use std::sync::Arc;

use stampool::alloc::{AllocError, AsyncLinear, AsyncStatic};
use stampool::raw::sync::thread;

use super::{Metered, Payload};

/// The subjects' name in the ledger.
pub const SUBJECT: &str = "Bump";

/// A named program and its outcomes.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// Runs it once.
    pub body: fn() -> String,
    outcomes: &'static [&'static str],
}

impl Scenario {
    /// All outcomes.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.outcomes.iter().map(ToString::to_string).collect()
    }
}

/// The scenarios, in order.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "bump/allocate_allocate",
        body: allocate_allocate,
        outcomes: &["lower here", "lower there"],
    },
    Scenario { name: "bump/free_allocate", body: free_allocate, outcomes: &["had", "refused"] },
    Scenario { name: "bump/free_grow", body: free_grow, outcomes: &["grown", "not in place"] },
    Scenario { name: "bump/shrink_allocate", body: shrink_allocate, outcomes: &["had", "refused"] },
    Scenario { name: "bump/fail_then_small", body: fail_then_small, outcomes: &["fits"] },
    Scenario {
        name: "bump/growth_race",
        body: growth_race,
        outcomes: &["lower here", "lower there"],
    },
];

const CELL: usize = 8;

fn words(count: usize) -> Layout {
    Layout::from_size_align(CELL * count, CELL).expect("a layout")
}

/// A buffer with an allocator, and the cells for its bytes.
struct Rig {
    buffer: AsyncStatic<'static>,
    bytes: Payload,
}

/// A block on its way to another thread.
#[derive(Clone, Copy)]
struct Sent(NonNull<u8>);

// SAFETY: the pointer is used by its one owner.
unsafe impl Send for Sent {}

impl Rig {
    fn new(count: usize) -> Arc<Self> {
        // Aligned for words, whatever the program's allocator returns for bytes.
        let memory = Box::leak(vec![MaybeUninit::<u64>::uninit(); count].into_boxed_slice());
        let start = NonNull::from(memory).cast();
        // SAFETY: leaked for this rig.
        let buffer = unsafe { AsyncStatic::from_raw_parts(start, CELL * count) };
        Arc::new(Self { buffer, bytes: Payload::default() })
    }

    fn allocate(&self, count: usize) -> Result<Sent, AllocError> {
        let block = self.buffer.allocate(words(count))?.cast::<u8>();
        taken(&self.bytes, block, 0..count);
        Ok(Sent(block))
    }

    fn free(&self, block: Sent, count: usize) {
        given(&self.bytes, block.0, 0..count);
        // SAFETY: the caller owns the block.
        unsafe { self.buffer.deallocate(block.0, words(count)) };
    }
}

fn taken(bytes: &Payload, block: NonNull<u8>, words: core::ops::Range<usize>) {
    words.for_each(|word| bytes.taken(block.addr().get() + CELL * word));
}

fn given(bytes: &Payload, block: NonNull<u8>, words: core::ops::Range<usize>) {
    words.for_each(|word| bytes.given(block.addr().get() + CELL * word));
}

fn lower(here: NonNull<u8>, there: NonNull<u8>) -> String {
    assert_ne!(here, there, "a block was handed out twice");
    if here < there { "lower here" } else { "lower there" }.into()
}

/// Two threads cut a block off each.
fn allocate_allocate() -> String {
    let rig = Rig::new(2);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate(1).expect("room for both"));
    let here = rig.allocate(1).expect("room for both");
    lower(here.0, other.join().expect("no panic unreported").0)
}

/// One thread gives the only block back, another one wants it.
fn free_allocate() -> String {
    let rig = Rig::new(1);
    let block = rig.allocate(1).expect("the first");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate(1).map(|_| ()));
    rig.free(block, 1);
    match other.join().expect("no panic unreported") {
        Ok(()) => "had".into(),
        Err(error) => {
            assert_eq!(error, AllocError::Capacity);
            "refused".into()
        }
    }
}

/// One thread gives the last block back, another one lengthens the block below into it.
fn free_grow() -> String {
    let rig = Rig::new(2);
    let (low, high) = (rig.allocate(1).expect("room"), rig.allocate(1).expect("room"));
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || {
        let low = low;
        // SAFETY: the block is this thread's, and the size is larger.
        let grown = unsafe { shared.buffer.grow_in_place(low.0, words(1), words(2)) };
        if grown.is_ok() {
            taken(&shared.bytes, low.0, 1..2);
        }
        grown.is_ok()
    });
    rig.free(high, 1);
    if other.join().expect("no panic unreported") { "grown" } else { "not in place" }.into()
}

/// One thread gives half of its block back, another one wants it.
fn shrink_allocate() -> String {
    let rig = Rig::new(2);
    let block = rig.allocate(2).expect("the first");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate(1).is_ok());
    given(&rig.bytes, block.0, 1..2);
    // SAFETY: the block is this thread's, and the size is smaller.
    let shrunk = unsafe { rig.buffer.shrink_in_place(block.0, words(2), words(1)) };
    assert!(shrunk.is_ok(), "a block shrinks where it is");
    if other.join().expect("no panic unreported") { "had" } else { "refused" }.into()
}

/// One thread asks for too much. That never keeps the other one from the room that is there.
fn fail_then_small() -> String {
    let rig = Rig::new(1);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.buffer.allocate(words(2)).map(|_| ()));
    assert!(rig.allocate(1).is_ok(), "a request that was refused has moved the mark");
    let too_much = other.join().expect("no panic unreported");
    assert_eq!(too_much, Err(AllocError::Unsupported));
    "fits".into()
}

/// Two threads need the first chunk.
fn growth_race() -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let linear = Arc::new(AsyncLinear::new(Metered(Arc::clone(&regions))));
    let bytes = Arc::new(Payload::default());
    let (shared, shared_bytes) = (Arc::clone(&linear), Arc::clone(&bytes));
    let other = thread::spawn(move || {
        let block = shared.allocate(words(1)).expect("memory").cast::<u8>();
        taken(&shared_bytes, block, 0..1);
        Sent(block)
    });
    let here = linear.allocate(words(1)).expect("memory").cast::<u8>();
    taken(&bytes, here, 0..1);
    let there = other.join().expect("no panic unreported").0;
    let held = regions.load(core::sync::atomic::Ordering::Relaxed);
    assert_eq!(held, 1, "another chunk than one");
    assert_eq!(linear.usage().used_bytes, 2 * CELL, "as many bytes as two blocks");
    lower(here, there)
}
