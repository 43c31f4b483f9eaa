//! How every entry point answers zero, too much, misaligned, too little, and failing sources.

mod common;

use core::alloc::Layout;
use core::ptr::NonNull;

use common::{LiveBlocks, with_every_strategy};
use stampool::raw::free_list::Reclaimer;
use stampool::source::{CountingSource, FailingSource};
use stampool::{
    AllocError, BufferSource, BuildError, DoubleWidthCas, EpochDeferred, Locked, Pool, Quiescent,
    Strategy, TagPolicy, TaggedPacked, TaggedWide,
};

fn of(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn a_block_of_zero_bytes_is_refused() {
    assert_eq!(Pool::builder(of(0, 1)).build().err(), Some(BuildError::ZeroSize));
}

#[test]
fn an_alignment_above_the_sources_is_refused_with_its_limit() {
    let meter = FailingSource::default().max_align(4096);
    let built = Pool::builder(of(8, 8192)).source(meter).build();
    assert_eq!(built.err(), Some(BuildError::Alignment { requested: 8192, limit: 4096 }));
}

#[test]
fn a_source_that_cannot_align_to_a_cache_line_is_refused() {
    let meter = FailingSource::default().max_align(16);
    let built = Pool::builder(of(8, 8)).source(meter).build();
    assert_eq!(built.err(), Some(BuildError::Alignment { requested: 64, limit: 16 }));
}

#[test]
fn absurd_sizes_are_refused_or_run_out_of_memory() {
    with_every_strategy!(absurd_sizes);
}

fn absurd_sizes<S: Strategy>() {
    for k in 0..common::often(64, 4) {
        let Ok(layout) = Layout::from_size_align(isize::MAX as usize - k, 1) else { continue };
        let pool = Pool::builder(layout).strategy::<S>().batch(1).build().unwrap();
        let local = pool.local().unwrap();
        assert_eq!(local.allocate(), Err(AllocError::OutOfMemory));
    }
}

#[test]
fn batches_of_zero_and_above_the_limit_are_refused() {
    for requested in [0, (1 << 16) + 1, usize::MAX] {
        let built = Pool::builder(of(8, 8)).batch(requested).build();
        assert_eq!(built.err(), Some(BuildError::Batch { requested, limit: 1 << 16 }));
    }
}

#[test]
fn chunks_of_zero_and_beyond_the_address_space_are_refused() {
    for requested in [0, usize::MAX / 4] {
        let built = Pool::builder(of(64, 64)).chunk_blocks(requested).build();
        let limit = isize::MAX as usize / 64;
        assert_eq!(built.err(), Some(BuildError::Chunk { requested, limit }));
    }
}

/// A handle's word holds the number of a chunk's blocks and, in 8 bits, something else.
#[test]
fn chunks_that_a_checked_pool_cannot_number_are_refused() {
    let limit = usize::MAX >> 8;
    let builder = |blocks| Pool::builder(of(1, 1)).batch(1).chunk_blocks(blocks);
    let refused = Some(BuildError::Chunk { requested: limit + 1, limit });
    assert_eq!(builder(limit + 1).checked().build().err(), refused);
    assert_eq!(builder(limit + 1).hardened().build().err(), refused);
    assert!(builder(limit).checked().build().is_ok());
    assert!(builder(limit + 1).build().is_ok(), "an unchecked pool has no such limit");
}

#[test]
fn a_capacity_below_a_batch_is_refused() {
    let built = Pool::builder(of(8, 8)).batch(64).max_carved_blocks(63).build();
    let error = built.expect_err("a capacity below a batch");
    assert_eq!(error, BuildError::CapacityBelowBatch { capacity: 63, batch: 64 });
    assert!(error.to_string().ends_with("choose smaller batches, or build an exact pool"));
    let none = BuildError::CapacityBelowBatch { capacity: 0, batch: 1 };
    assert_eq!(none.to_string(), "a capacity of 0 blocks, where 1 is the least");
}

#[test]
fn the_default_batch_fits_the_block_and_the_capacity() {
    let batch = |size, capacity: Option<usize>| {
        let builder = Pool::builder(of(size, 8));
        let builder = match capacity {
            Some(blocks) => builder.max_carved_blocks(blocks),
            None => builder,
        };
        let stats = builder.build().unwrap().stats();
        (stats.batch_blocks, stats.max_batch_blocks)
    };
    let by_size = [8, 64, 256, 512, 1024, 16 << 10, 1 << 20].map(|size| batch(size, None));
    let expected = [(64, 512), (64, 512), (64, 128), (64, 64), (32, 32), (2, 2), (1, 1)];
    assert_eq!(by_size, expected, "at most 32 KiB");
    let by_capacity = [1, 16, 512, 1024, 1 << 20].map(|blocks| batch(8, Some(blocks)));
    assert_eq!(by_capacity, [(1, 1), (2, 2), (64, 64), (64, 128), (64, 512)], "at most an eighth");
    let chosen = Pool::builder(of(8, 8)).batch(64).build().unwrap().stats();
    assert_eq!((chosen.batch_blocks, chosen.max_batch_blocks), (64, 64), "a chosen batch is fixed");
    let grown = Pool::builder(of(8, 8)).batch_up_to(16).build().unwrap().stats();
    assert_eq!((grown.batch_blocks, grown.max_batch_blocks), (16, 16));
}

#[test]
fn without_a_double_width_cas_the_packed_word_is_used_and_said() {
    let pool = Pool::builder(of(8, 8)).double_width_cas(DoubleWidthCas::Absent).build().unwrap();
    let stats = pool.stats();
    assert_eq!((stats.strategy, stats.tag_bits), ("TaggedPacked", 32));
    assert!(pool.local().unwrap().allocate().is_ok());
}

#[test]
fn strict_refuses_what_would_block_or_fall_back() {
    let absent = Pool::builder(of(8, 8)).double_width_cas(DoubleWidthCas::Absent);
    let refused = Some(BuildError::NotLockFree { strategy: "TaggedWide" });
    assert_eq!(absent.strict_lock_free().build().err(), refused);
    assert_eq!(strict::<Locked>(), Some(BuildError::NotLockFree { strategy: "Locked" }));
    let epoch = Some(BuildError::NotLockFree { strategy: "EpochDeferred" });
    assert_eq!(strict::<EpochDeferred>(), epoch);
    assert_eq!(strict::<Quiescent>(), Some(BuildError::NotLockFree { strategy: "Quiescent" }));
    let packed = Pool::builder(of(8, 8))
        .strategy::<TaggedPacked>()
        .double_width_cas(DoubleWidthCas::Absent)
        .strict_lock_free()
        .build();
    assert!(packed.unwrap().stats().lock_free);
}

/// What a strategy that blocks says to a demand for lock freedom.
fn strict<S: Strategy>() -> Option<BuildError> {
    Pool::builder(of(8, 8)).strategy::<S>().strict_lock_free().build().err()
}

#[test]
fn a_buffer_that_is_too_small_is_an_error_at_every_length() {
    with_every_strategy!(fill_buffers);
}

fn fill_buffers<S: Strategy>() {
    // Sixteen magazines more, 64 bytes each, where magazines wait.
    let overhead = if S::Reclaimer::DEFERS { 1100 + 16 * 64 } else { 1100 };
    let short = (0..6000).step_by(common::often(7, 997));
    for len in short.chain((6000..40_000).step_by(common::often(211, 40_000))) {
        let mut memory = Box::<[u8]>::new_uninit_slice(len + 1);
        // Any base address will do: begin one off.
        let base = NonNull::from(&mut memory[1..]).cast();
        fill_buffer::<S>(base, len, overhead);
    }
}

/// `overhead` is what one cache may cost, in bytes.
fn fill_buffer<S: Strategy>(base: NonNull<u8>, len: usize, overhead: usize) {
    // SAFETY: the caller's memory outlives the pool and is used by nobody else.
    let source = unsafe { BufferSource::from_raw_parts(base, len) };
    let builder = Pool::builder(of(24, 8)).strategy::<S>().batch(4).source(source);
    let pool = builder.build().unwrap();
    let Ok(local) = pool.local() else {
        assert!(len < overhead, "{len} bytes without room for one cache");
        return;
    };
    let mut live_blocks = LiveBlocks::default();
    let error = loop {
        match local.allocate() {
            Ok(block) => live_blocks.allocated(block, of(24, 8)),
            Err(error) => break error,
        }
    };
    assert_eq!(error, AllocError::OutOfMemory);
    let all = live_blocks.live();
    assert!(all * 24 * 4 >= len.saturating_sub(overhead), "only {all} blocks in {len} bytes");
    for block in live_blocks.blocks() {
        let at = block.as_non_null().addr().get();
        assert!(at >= base.addr().get() && at + 24 <= base.addr().get() + len);
        // SAFETY: allocated here, freed once.
        unsafe { local.deallocate(block) };
    }
    // Later frees make it work again, for just as many.
    assert_eq!((0..=all).filter(|_| local.allocate().is_ok()).count(), all);
}

#[test]
fn a_source_that_fails_at_the_nth_call_loses_nothing() {
    with_every_strategy!(fail_at_the_nth_call);
}

fn fail_at_the_nth_call<S: Strategy>() {
    for n in 0..common::often(40, 6) {
        let meter = CountingSource::new(FailingSource::default().refuse_at(n));
        let counts = meter.counts();
        let pool = Pool::builder(of(32, 8))
            .strategy::<S>()
            .batch(2)
            .chunk_blocks(2)
            .source(meter)
            .build()
            .unwrap();
        let mut live_blocks = LiveBlocks::default();
        let local = loop {
            if let Ok(local) = pool.local() {
                break local;
            }
        };
        let mut errors = 0;
        while live_blocks.live() < 30 {
            match local.allocate() {
                Ok(block) => live_blocks.allocated(block, of(32, 8)),
                Err(error) => {
                    assert_eq!(error, AllocError::OutOfMemory);
                    errors += 1;
                    assert!(errors <= 1, "the source failed once, call {n}");
                }
            }
        }
        assert!(pool.stats().carved_blocks <= 32);
        drop(local);
        drop(pool);
        assert_eq!(counts.obtained(), counts.released(), "each region goes back exactly once");
    }
}

#[test]
fn misaligned_memory_goes_back_and_is_an_error() {
    with_every_strategy!(misaligned_at_the_second_call);
}

fn misaligned_at_the_second_call<S: Strategy>() {
    let meter = CountingSource::new(FailingSource::default().misalign_at(1));
    let counts = meter.counts();
    let pool = Pool::builder(of(32, 32)).strategy::<S>().source(meter).build().unwrap();
    let local = pool.local().unwrap();
    assert_eq!(local.allocate(), Err(AllocError::MisalignedSource));
    assert!(local.allocate().is_ok(), "the next answer is aligned again");
    drop(local);
    drop(pool);
    assert_eq!(counts.obtained(), counts.released());
}

#[test]
fn a_source_that_panics_leaves_the_pool_as_it_was() {
    with_every_strategy!(panic_at_the_second_chunk);
}

fn panic_at_the_second_chunk<S: Strategy>() {
    // The first call is for a slot, and each chunk takes two.
    [3, 4].into_iter().for_each(panic_at::<S>);
}

fn panic_at<S: Strategy>(call: usize) {
    let meter = CountingSource::new(FailingSource::default().panic_at(call));
    let counts = meter.counts();
    let pool = Pool::builder(of(32, 8))
        .strategy::<S>()
        .batch(1)
        .chunk_blocks(1)
        .source(meter)
        .build()
        .unwrap();
    let local = pool.local().unwrap();
    let first = local.allocate().unwrap();
    let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| _ = local.allocate()));
    assert!(panicked.is_err());
    assert_eq!(pool.stats().carved_blocks, 1);
    assert_ne!(local.allocate().unwrap(), first);
    drop(local);
    drop(pool);
    assert_eq!(counts.obtained(), counts.released());
}

#[test]
fn at_capacity_allocation_fails_and_a_free_makes_room() {
    with_every_strategy!(fill_to_capacity);
}

fn fill_to_capacity<S: Strategy>() {
    let pool =
        Pool::builder(of(8, 8)).strategy::<S>().batch(4).max_carved_blocks(10).build().unwrap();
    let local = pool.local().unwrap();
    let blocks: Vec<_> = (0..10).map(|_| local.allocate().unwrap()).collect();
    assert_eq!(local.allocate(), Err(AllocError::Capacity));
    assert_eq!(pool.stats().carved_blocks, 10);
    // SAFETY: allocated above, freed once.
    unsafe { local.deallocate(blocks[3]) };
    assert_eq!(local.allocate(), Ok(blocks[3]));
    assert_eq!(local.allocate(), Err(AllocError::Capacity));
}

#[test]
fn a_narrow_tag_that_may_wrap_is_refused() {
    let narrow = Some(BuildError::NarrowTag { bits: 31, limit: 32 });
    assert_eq!(Pool::builder(of(8, 8)).strategy::<TaggedWide<31>>().build().err(), narrow);
    assert_eq!(Pool::builder(of(8, 8)).strategy::<TaggedPacked<31>>().build().err(), narrow);
    assert!(Pool::builder(of(8, 8)).strategy::<TaggedWide<32>>().build().is_ok());
}

#[test]
fn tags_that_must_not_wrap_refuse_allocation_and_never_a_free() {
    let pool = Pool::builder(of(8, 8))
        .strategy::<TaggedPacked<8>>()
        .batch(2)
        .tag_policy(TagPolicy::Refuse)
        .build()
        .unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let mut moved = 0;
    let error = loop {
        match one.allocate() {
            // SAFETY: just allocated; the other handle is on the same thread.
            Ok(block) => unsafe { other.deallocate(block) },
            Err(error) => break error,
        }
        moved += 1;
        assert!(moved < 10_000, "8 bits must run out");
    };
    assert_eq!(error, AllocError::TagsExhausted);
    assert!(moved >= 200, "half of 256 tags are for use, got {moved}");
    assert!(pool.stats().carved_blocks <= 32, "an eighth of the tags bounds the blocks");
}

/// Every handle that leaves takes the one partial magazine, adds a block to it, and puts it back.
/// So the tags of that list run out long before those of the empty magazines do.
fn merge_remainders_until_refused<S: Strategy>() {
    const BATCH: usize = 16;
    const REFUSED_FROM: usize = 127;

    let builder = Pool::builder(of(8, 8)).strategy::<S>().batch(BATCH);
    let mut pool = builder.tag_policy(TagPolicy::Refuse).build().unwrap();
    let holder = pool.local().unwrap();
    let mut held: Vec<_> = (0..2 * BATCH).map(|_| holder.allocate().unwrap()).collect();
    let mut removals = 0;
    let error = loop {
        for block in held.drain(..BATCH - 1) {
            let leaver = pool.local().unwrap();
            // SAFETY: allocated from this pool, and freed once.
            unsafe { leaver.deallocate(block) };
        }
        // The first leaver found no partial magazine.
        removals += BATCH - 2;
        match holder.allocate() {
            Ok(block) => held.push(block),
            Err(error) => break error,
        }
        removals += 1;
        assert!(removals < REFUSED_FROM, "{}: {removals} removals of 256, not refused", S::NAME);
        held.extend((1..BATCH - 1).map(|_| holder.allocate().unwrap()));
    };
    assert_eq!(error, AllocError::TagsExhausted);
    assert!(removals >= REFUSED_FROM, "{}: refused after {removals} removals", S::NAME);
    for block in held {
        // SAFETY: allocated from this pool, and freed once.
        unsafe { holder.deallocate(block) };
    }
    drop(holder);
    assert_eq!(pool.census().free_blocks(), 2 * BATCH);
}

#[test]
fn tags_of_partial_magazines_that_run_out_refuse_allocation_too() {
    merge_remainders_until_refused::<TaggedPacked<8>>();
    merge_remainders_until_refused::<TaggedWide<8>>();
}
