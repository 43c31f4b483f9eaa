//! Allocators that several threads bump through one piece of memory.
//!
//! There is no specification: each body lists the outcomes, and its assertions judge the rest. The
//! bytes of a block are cells that the checkers see, one for each eight bytes.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Arc;

use stampool::alloc::{AllocError, AsyncLinear, AsyncStatic};
use stampool::raw::sync::thread;

use super::listed::Listed;
use super::{Metered, Payload};
use crate::one_at_a_time::operation;

/// The subjects' name in the ledger.
pub const SUBJECT: &str = "Bump";

/// The scenarios, in order.
pub const SCENARIOS: &[Listed] = &[
    Listed {
        name: "bump/allocate_allocate",
        body: allocate_allocate,
        outcomes: &["lower here", "lower there"],
    },
    Listed { name: "bump/free_allocate", body: free_allocate, outcomes: &["had", "refused"] },
    Listed { name: "bump/free_grow", body: free_grow, outcomes: &["grown", "not in place"] },
    Listed { name: "bump/shrink_allocate", body: shrink_allocate, outcomes: &["had", "refused"] },
    Listed { name: "bump/fail_then_small", body: fail_then_small, outcomes: &["fits"] },
    Listed {
        name: "bump/growth_race",
        body: growth_race,
        outcomes: &["lower here", "lower there"],
    },
    Listed { name: "bump/growth_tight", body: growth_tight, outcomes: &["two chunks"] },
    Listed {
        name: "bump/free_beside_allocate",
        body: free_beside_allocate,
        outcomes: &["above", "reused"],
    },
    Listed {
        name: "bump/grow_allocate",
        body: grow_allocate,
        outcomes: &["grown", "not in place"],
    },
    Listed {
        name: "bump/local_run_alloc",
        body: local_run_alloc,
        outcomes: &["run above", "run below", "run below, rest lost"],
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
        operation(|| {
            let block = self.buffer.allocate(words(count))?.cast::<u8>();
            taken(&self.bytes, block, 0..count);
            Ok(Sent(block))
        })
    }

    fn free(&self, block: Sent, count: usize) {
        operation(|| {
            given(&self.bytes, block.0, 0..count);
            // SAFETY: the caller owns the block.
            unsafe { self.buffer.deallocate(block.0, words(count)) };
        });
    }

    /// Lengthens a block of one word by another one. False: it stays as it is.
    fn grow(&self, block: Sent) -> bool {
        operation(|| {
            // SAFETY: the caller owns the block, and the size is larger.
            let grown = unsafe { self.buffer.grow_in_place(block.0, words(1), words(2)) };
            if grown.is_ok() {
                taken(&self.bytes, block.0, 1..2);
            }
            grown.is_ok()
        })
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
    let other = thread::spawn(move || shared.grow(low));
    rig.free(high, 1);
    if other.join().expect("no panic unreported") { "grown" } else { "not in place" }.into()
}

/// One thread gives half of its block back, another one wants it.
fn shrink_allocate() -> String {
    let rig = Rig::new(2);
    let block = rig.allocate(2).expect("the first");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate(1).is_ok());
    let shrunk = operation(|| {
        given(&rig.bytes, block.0, 1..2);
        // SAFETY: the block is this thread's, and the size is smaller.
        unsafe { rig.buffer.shrink_in_place(block.0, words(2), words(1)) }
    });
    assert!(shrunk.is_ok(), "a block shrinks where it is");
    if other.join().expect("no panic unreported") { "had" } else { "refused" }.into()
}

/// One thread asks for too much. That never keeps the other one from the room that is there.
fn fail_then_small() -> String {
    let rig = Rig::new(1);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || operation(|| shared.buffer.allocate(words(2)).map(|_| ())));
    assert!(rig.allocate(1).is_ok(), "a request that was refused has moved the mark");
    let too_much = other.join().expect("no panic unreported");
    assert_eq!(too_much, Err(AllocError::Unsupported));
    "fits".into()
}

/// One thread gives the last block back, another one cuts off a block meanwhile. Nobody may find the
/// bytes of that block free, and as many are used in the end as the blocks need that are left.
fn free_beside_allocate() -> String {
    let rig = Rig::new(2);
    let block = rig.allocate(1).expect("the first");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate(1).expect("room for both"));
    rig.free(block, 1);
    let there = other.join().expect("no panic unreported");
    let is_above = there.0 > block.0;
    assert_eq!(rig.allocate(1).is_ok(), !is_above, "the mark is not behind the last block");
    if is_above { "above" } else { "reused" }.into()
}

/// One thread lengthens its block, another one wants the bytes behind it. There is room for one.
fn grow_allocate() -> String {
    let rig = Rig::new(2);
    let block = rig.allocate(1).expect("the first");
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate(1).is_ok());
    let grown = rig.grow(block);
    let had = other.join().expect("no panic unreported");
    assert_ne!(grown, had, "two threads have the same bytes, or the room went to nobody");
    if grown { "grown" } else { "not in place" }.into()
}

/// An allocator that obtains chunks, with the cells for the bytes of its blocks, and the number of
/// the chunks that it holds.
struct Chunked {
    linear: AsyncLinear<Metered>,
    bytes: Payload,
    regions: Arc<AtomicIsize>,
}

impl Chunked {
    fn new(first_chunk_bytes: usize) -> Arc<Self> {
        let regions = Arc::new(AtomicIsize::new(0));
        let source = Metered(Arc::clone(&regions));
        let linear = AsyncLinear::with_first_chunk(source, first_chunk_bytes);
        Arc::new(Self { linear, bytes: Payload::default(), regions })
    }

    fn allocate(&self) -> Sent {
        operation(|| {
            let block = self.linear.allocate(words(1)).expect("memory").cast::<u8>();
            taken(&self.bytes, block, 0..1);
            Sent(block)
        })
    }

    fn chunks(&self) -> isize {
        self.regions.load(Ordering::Relaxed)
    }
}

/// Two threads need the first chunk.
fn growth_race() -> String {
    let rig = Chunked::new(4 << 10);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate());
    let here = rig.allocate().0;
    let there = other.join().expect("no panic unreported").0;
    assert_eq!(rig.chunks(), 1, "another chunk than one");
    assert_eq!(rig.linear.usage().used_bytes, 2 * CELL, "as many bytes as two blocks");
    lower(here, there)
}

/// Two threads need a chunk, and the first one has room for one of their blocks. Each thread that
/// obtains a chunk must have its own block in it, whatever the other thread takes.
fn growth_tight() -> String {
    let rig = Chunked::new(0);
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate());
    let here = rig.allocate().0;
    assert_ne!(here, other.join().expect("no panic unreported").0, "a block was handed out twice");
    assert_eq!(rig.chunks(), 2, "a chunk has room for one block");
    "two chunks".into()
}

/// One thread takes a run, a block of that, and gives the rest back; another one cuts off a block
/// meanwhile. Both are from the one chunk that there is.
fn local_run_alloc() -> String {
    let rig = Chunked::new(16 << 10);
    rig.allocate();
    let shared = Arc::clone(&rig);
    let other = thread::spawn(move || shared.allocate());
    let here = {
        let run = rig.linear.run();
        let block = operation(|| run.allocate(words(1)).expect("memory").cast::<u8>());
        taken(&rig.bytes, block, 0..1);
        operation(|| drop(run));
        block
    };
    let there = other.join().expect("no panic unreported").0;
    assert_ne!(here, there, "a block was handed out twice");
    assert_eq!(rig.chunks(), 1, "another chunk than one");
    let apart = here.addr().get().abs_diff(there.addr().get());
    match (here < there, apart == CELL) {
        (false, _) => "run above",
        (true, true) => "run below",
        (true, false) => "run below, rest lost",
    }
    .into()
}
