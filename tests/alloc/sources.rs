//! Members on sources that extend regions, and on those that several members share.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;
use std::sync::Mutex;

use stampool::alloc::conformance::{Clause, Conformance, TestSource};
use stampool::alloc::{AllocError, Allocator, AsyncLinear, Blocks, Linear, Owner};
use stampool::source::{CountingSource, FailingSource};
use stampool::{ArenaSource, BufferSource, Source, SystemSource};

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

/// All buffers, so that they stay reachable and are no leak.
static BUFFERS: Mutex<Vec<AtomicPtr<MaybeUninit<u8>>>> = Mutex::new(Vec::new());

/// A source over a buffer that lives for the rest of the process.
pub(crate) fn buffer(len: usize) -> BufferSource {
    let buffer = Box::into_raw(Box::new_uninit_slice(len));
    BUFFERS.lock().unwrap().push(AtomicPtr::new(buffer.cast()));
    // SAFETY: the buffer is nobody else's, and is never freed.
    BufferSource::new(unsafe { &mut *buffer })
}

/// Allocates blocks of this size, and writes them, until there is no more memory. Returns how many.
fn exhaust(member: &impl Allocator, layout: Layout) -> usize {
    let mut blocks = 0;
    while let Ok(block) = member.allocate(layout) {
        // SAFETY: the block is live, and nobody else uses it.
        unsafe { block.cast::<u8>().write_bytes(3, layout.size()) };
        blocks += 1;
    }
    blocks
}

/// A buffer is one chunk to its end, and not several with an end lost each.
fn one_chunk<A: Owner>(name: &str, first: usize, new: impl Fn(CountingSource<BufferSource>) -> A) {
    let source = CountingSource::new(buffer(64 << 10));
    let counts = source.counts();
    let member = new(source);
    let blocks = exhaust(&member, bytes(96));
    assert_eq!(counts.obtained(), 1, "{name}, from {first} bytes on");
    assert!(counts.extended() > 0, "{name}");
    assert_eq!(member.usage().obtained_bytes, counts.live_bytes(), "{name}");
    // Of 682.
    let least = match name {
        "Linear" | "Blocks" => 682,
        "Stack" => 681,
        // Each extension has a mark of its own, so some bytes less are left for blocks.
        "AsyncLinear" => 670,
        // The index lies in the region.
        "GoodFit" | "BestFit" => 660,
        // A block has a tag, and takes 112 bytes with it.
        "SignPost" => 570,
        // Its class has blocks of 128 bytes.
        "StrategyPool" => 500,
        _ => unreachable!("{name} has no least number here"),
    };
    assert!(blocks >= least, "{name}: {blocks} blocks");
}

#[test]
fn a_buffer_is_one_chunk_of_each_member() {
    for first in [1, 64, 1000, 4096] {
        each_growing_member!(first, bytes(96), |name, make| one_chunk(name, first, make));
    }
}

/// What is freed before an extension is served after it, and a reset serves the whole chunk again.
#[test]
fn an_extended_chunk_of_blocks_goes_on_where_it_ended() {
    let source = CountingSource::new(buffer(64 << 10));
    let counts = source.counts();
    let mut blocks = Blocks::with_first_chunk(bytes(24), source, 3).expect("blocks");
    let first: Vec<_> = (0..3).map(|_| blocks.allocate_block().expect("memory")).collect();
    let fourth = blocks.allocate_block().expect("an extension");
    assert_eq!(fourth.addr().get(), first[2].addr().get() + 24, "no gap where the footer lay");
    // SAFETY: the block is live.
    unsafe { blocks.deallocate_block(first[1]) };
    assert_eq!(blocks.allocate_block(), Ok(first[1]));
    let all = 4 + exhaust(&blocks, bytes(24));
    assert_eq!(blocks.usage().live_blocks, Some(all));
    assert_eq!(blocks.usage().obtained_bytes, counts.live_bytes());
    blocks.reset();
    assert_eq!(exhaust(&blocks, bytes(24)), all);
    assert_eq!((counts.obtained(), counts.live_regions()), (1, 1));
    drop(blocks);
    assert_eq!((counts.live_regions(), counts.live_bytes()), (0, 0));
}

/// Threads that allocate while the chunk is extended beside them.
#[test]
fn a_chunk_is_extended_beside_other_threads() {
    let source = CountingSource::new(buffer(256 << 10));
    let counts = source.counts();
    let mut linear = AsyncLinear::with_first_chunk(source, 1);
    for round in 0..if cfg!(miri) { 2 } else { 20 } {
        std::thread::scope(|threads| {
            for thread in 0..3_u8 {
                let linear = &linear;
                threads.spawn(move || {
                    let blocks: Vec<_> = (0..100)
                        .map(|at| {
                            let layout = Layout::from_size_align(1 + at, 1 << (at % 7));
                            let block = linear.allocate(layout.expect("small")).expect("memory");
                            // SAFETY: the block is live, and this thread's.
                            unsafe { block.cast::<u8>().write_bytes(thread, block.len()) };
                            block
                        })
                        .collect();
                    for block in blocks {
                        // SAFETY: the block is live, and was written.
                        let bytes = unsafe { block.as_ref() };
                        assert!(bytes.iter().all(|byte| *byte == thread));
                    }
                });
            }
        });
        assert_eq!(counts.obtained(), 1, "round {round}");
        assert!(counts.extended() > 0);
        linear.reset();
        assert_eq!(linear.usage().used_bytes, 0);
        assert_eq!(linear.usage().obtained_bytes, counts.live_bytes());
    }
}

#[test]
fn an_extended_chunk_is_kept_by_a_reset_and_goes_back_as_one() {
    let source = CountingSource::new(buffer(64 << 10));
    let counts = source.counts();
    let mut linear = Linear::with_first_chunk(source, 1);
    let blocks = exhaust(&linear, bytes(100));
    let obtained = counts.live_bytes();
    linear.reset();
    assert_eq!(counts.live_bytes(), obtained, "the largest chunk stays");
    assert_eq!(exhaust(&linear, bytes(100)), blocks, "all of it is served again");
    drop(linear);
    assert_eq!((counts.live_regions(), counts.live_bytes()), (0, 0));
}

/// A block that is larger than what is left of the chunk, and aligned as nothing before it.
#[test]
fn a_chunk_is_extended_for_large_and_aligned_blocks() {
    for shift in 0..=16 {
        let (source, align) = (CountingSource::new(buffer(1 << 20)), 1 << shift);
        let counts = source.counts();
        let linear = Linear::with_first_chunk(source, 64);
        for size in [1, 10_000, 3, 100_000] {
            let layout = Layout::from_size_align(size, align).expect("a layout");
            let block = linear.allocate(layout).expect("memory").cast::<u8>();
            assert!(block.addr().get().is_multiple_of(align));
            // SAFETY: the block is live.
            unsafe { block.write_bytes(1, size) };
        }
        assert_eq!(counts.obtained(), 1, "aligned to {align}");
    }
}

#[test]
fn no_size_near_the_largest_is_served_by_an_extension() {
    let linear = Linear::new(buffer(4096));
    linear.allocate(bytes(1)).expect("memory");
    let most = isize::MAX.unsigned_abs();
    for size in [most, most - 1, most - 4096, most / 2] {
        assert!(linear.allocate(bytes(size)).is_err());
    }
    assert_eq!(linear.usage().used_bytes, 1, "a refusal changes nothing");
}

/// Says once that it has extended a region, and has not.
struct Lies(TestSource, bool);

// SAFETY: not kept, on purpose. What is written behind a region falls into the test source's guard,
// which is as long as the extension.
unsafe impl Source for Lies {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release(region, layout) }
    }

    unsafe fn extend(&mut self, _region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let lies = !self.1 && new.size() - old.size() <= 16;
        self.1 |= lies;
        lies
    }
}

/// The kit reaches extensions: with a source that lies about them a member fails.
#[test]
fn a_member_on_a_source_that_lies_about_extensions_is_found() {
    let make = |source| Linear::with_first_chunk(Lies(source, false), 1);
    let found = Conformance::new(make).up_to(12, 1).programs(1000).find();
    assert_eq!(found.expect_err("a block beside its region").violation.clause, Clause::A1);
    let make = |source| Blocks::with_first_chunk(bytes(8), Lies(source, false), 1).expect("blocks");
    let found = Conformance::new(make).up_to(8, 1).programs(1000).find();
    assert!(found.is_err(), "a block beside its region");
}

/// The system's allocator as a source, though the program may have another one.
#[test]
fn a_program_allocator_is_a_source() {
    use std::alloc::System;

    use stampool::adapt::FromGlobal;

    let mut source = FromGlobal(&System);
    assert!(source.obtain(bytes(0)).is_none());
    let linear = Linear::with_first_chunk(source, 100);
    for size in [10, 1000, 100_000] {
        let block = linear.allocate(bytes(size)).expect("memory").cast::<u8>();
        // SAFETY: the block is live.
        unsafe { block.write_bytes(1, size) };
    }
}

/// Members of several threads, each with chunks from one arena. What one gives back the others take.
#[test]
fn members_share_an_arena() {
    const CHUNK: Layout = Layout::new::<[u128; 256]>();
    let source = CountingSource::default();
    let counts = source.counts();
    let arena = <ArenaSource>::new(CHUNK, 16, source).expect("memory");
    let obtained = counts.calls();
    std::thread::scope(|threads| {
        for thread in 0..4_u8 {
            let arena = arena.clone();
            threads.spawn(move || {
                for round in 0..if cfg!(miri) { 3 } else { 200 } {
                    let linear = Linear::new(arena.clone());
                    let mut blocks = Vec::new();
                    // Four chunks for each thread, and no more.
                    for _ in 0..12 {
                        let block = linear.allocate(bytes(1000)).expect("a chunk of the four");
                        // SAFETY: the block is live.
                        unsafe { block.cast::<u8>().write_bytes(thread + round, 1000) };
                        blocks.push(block.cast::<u8>());
                    }
                    for block in blocks {
                        // SAFETY: the block is live.
                        let bytes = unsafe { core::slice::from_raw_parts(block.as_ptr(), 1000) };
                        assert!(bytes.iter().all(|byte| *byte == thread + round));
                    }
                }
            });
        }
    });
    assert_eq!(counts.calls(), obtained, "the arena asks for nothing more");
    drop(arena);
    assert_eq!(counts.live_regions(), 0);
}

/// A source without regions that are aligned for a chunk: nothing that is freed changes that.
#[test]
fn a_source_of_small_alignments_is_unsupported() {
    each_general_member!(500, |name, make| {
        let source = CountingSource::new(FailingSource::new(SystemSource).max_align(8));
        let counts = source.counts();
        let member = make(source);
        assert_eq!(member.allocate(bytes(1)), Err(AllocError::Unsupported), "{name}");
        assert_eq!((counts.obtained(), member.usage().obtained_bytes), (0, 0), "{name}");
    });
}
