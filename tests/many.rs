//! Several blocks at once: all or none.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use common::{LiveBlocks, with_every_strategy};
use stampool::source::FailingSource;
use stampool::{AllocError, Block, Pool, PoolBuilder, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
const CAPACITY: usize = 20;

fn builder<S: Strategy>() -> PoolBuilder<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(4).max_carved_blocks(CAPACITY)
}

/// Asks for `count` by `take`, and gives those back that there are.
fn many(
    count: usize,
    take: impl Fn(&mut [MaybeUninit<Block>]) -> Result<(), AllocError>,
    give: impl Fn(&[Block]),
) -> Result<(), AllocError> {
    let mut room = vec![MaybeUninit::uninit(); count];
    take(&mut room)?;
    // SAFETY: all of them are there.
    let blocks: Vec<_> = room.iter().map(|place| unsafe { place.assume_init() }).collect();
    let mut live_blocks = LiveBlocks::default();
    blocks.iter().for_each(|block| live_blocks.allocated(*block, LAYOUT));
    give(&blocks);
    Ok(())
}

#[test]
fn a_handle_takes_all_or_none() {
    with_every_strategy!(by_handle);
}

fn by_handle<S: Strategy>() {
    let mut pool = builder::<S>().build().unwrap();
    let local = pool.local().unwrap();
    for round in 0..3 {
        for count in 0..=CAPACITY + 3 {
            // SAFETY: live, and freed once.
            let give = |blocks: &[_]| unsafe { local.deallocate_many(blocks) };
            let had = many(count, |room| local.allocate_many(room), give);
            let full = (count > CAPACITY).then_some(AllocError::Capacity);
            assert_eq!(had.err(), full, "{count} in round {round}");
        }
    }
    drop(local);
    assert_eq!(pool.census().free_blocks(), CAPACITY);
}

#[test]
fn a_pool_without_handles_takes_all_or_none() {
    with_every_strategy!(by_thread);
}

fn by_thread<S: Strategy>() {
    let mut pool = builder::<S>().build_thread_local().unwrap();
    // SAFETY: nothing.
    unsafe { pool.deallocate_many(&[]) };
    for count in (0..=CAPACITY + 3).rev() {
        // SAFETY: live, and freed once.
        let give = |blocks: &[_]| unsafe { pool.deallocate_many(blocks) };
        let had = many(count, |room| pool.allocate_many(room), give);
        assert_eq!(had.err(), (count > CAPACITY).then_some(AllocError::Capacity), "{count}");
    }
    assert_eq!(pool.census().free_blocks(), CAPACITY);
}

#[test]
fn a_pool_without_caches_takes_all_or_none() {
    let mut pool = Pool::builder(LAYOUT).max_carved_blocks(3).build_exact().unwrap();
    let taken = pool.allocate().unwrap();
    for count in 0..6 {
        // SAFETY: live, and freed once.
        let give = |blocks: &[_]| unsafe { pool.deallocate_many(blocks) };
        let had = many(count, |room| pool.allocate_many(room), give);
        assert_eq!(had.err(), (count > 2).then_some(AllocError::Capacity), "{count}");
    }
    // SAFETY: live, and freed once.
    unsafe { pool.deallocate(taken) };
    assert_eq!(pool.census().free_blocks(), 3);
}

#[test]
fn whole_batches_pass_by_the_cache() {
    with_every_strategy!(past_the_cache);
}

fn past_the_cache<S: Strategy>() {
    const BATCH: usize = 4;
    const COUNT: usize = 10 * BATCH + 3;
    let mut pool = Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).build().unwrap();
    let local = pool.local().unwrap();
    let mut room = [MaybeUninit::uninit(); COUNT];
    local.allocate_many(&mut room).unwrap();
    assert_eq!(local.cached_blocks(), 1, "the rest of the one batch that went through the cache");
    // SAFETY: all of them are there.
    let blocks = room.map(|place| unsafe { place.assume_init() });
    // SAFETY: live, and freed once.
    unsafe { local.deallocate_many(&blocks) };
    assert_eq!(local.cached_blocks(), 4, "less than a batch went through the cache");
    let stats = pool.stats();
    assert_eq!((stats.refills, stats.flushes), (11, 10), "{stats:?}");
    assert_eq!(stats.carved_blocks, COUNT + 1);
    assert_eq!(stats.drawn_blocks, 4);
    // The same blocks come again, and nothing is carved.
    let mut room = [MaybeUninit::uninit(); COUNT];
    local.allocate_many(&mut room).unwrap();
    assert_eq!(pool.stats().carved_blocks, COUNT + 1);
    // SAFETY: all of them are there.
    let again = room.map(|place| unsafe { place.assume_init() });
    let sorted = |mut blocks: [Block; COUNT]| {
        blocks.sort();
        blocks
    };
    let new = sorted(again).iter().filter(|block| !blocks.contains(block)).count();
    assert!(new <= 1, "{new} blocks were not among the freed ones");
    // SAFETY: live, and freed once.
    unsafe { local.deallocate_many(&again) };
    drop(local);
    assert_eq!(pool.census().free_blocks(), COUNT + 1);
}

#[test]
fn a_sealed_pool_gives_all_of_its_blocks_at_once() {
    with_every_strategy!(take_all_at_once);
}

fn take_all_at_once<S: Strategy>() {
    let pool = builder::<S>().build().unwrap();
    pool.prefill(CAPACITY, 1).unwrap();
    pool.seal().unwrap();
    let local = pool.local().unwrap();
    // SAFETY: live, and freed once.
    let give = |blocks: &[_]| unsafe { local.deallocate_many(blocks) };
    let had = many(CAPACITY, |room| local.allocate_many(room), give);
    assert_eq!(had, Ok(()), "{}: blocks that are free were refused", S::NAME);
    if common::is_cacheless::<S>() {
        let pool = builder::<S>().batch(1).build_exact().unwrap();
        pool.prefill(CAPACITY).unwrap();
        pool.seal().unwrap();
        // SAFETY: live, and freed once.
        let give = |blocks: &[_]| unsafe { pool.deallocate_many(blocks) };
        let had = many(CAPACITY, |room| pool.allocate_many(room), give);
        assert_eq!(had, Ok(()), "{} without caches: free blocks were refused", S::NAME);
    }
}

#[test]
fn any_number_of_blocks_may_be_taken_where_batches_grow() {
    with_every_strategy!(between_the_batches);
}

fn between_the_batches<S: Strategy>() {
    for count in (0..20).step_by(common::often(1, 3)) {
        let builder = Pool::builder(LAYOUT).strategy::<S>().batch(2).batch_up_to(8);
        let mut pool = builder.build().unwrap();
        let local = pool.local().unwrap();
        // SAFETY: live, and freed once.
        let give = |blocks: &[_]| unsafe { local.deallocate_many(blocks) };
        assert_eq!(many(count, |room| local.allocate_many(room), give), Ok(()), "{count}");
        drop(local);
        assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks, "{count}");
    }
}

#[test]
fn a_source_that_panics_in_a_bulk_call_loses_nothing() {
    // The first region is a slot's, and each chunk has two.
    let source = FailingSource::default().panic_at(3);
    let builder = Pool::builder(LAYOUT).batch(4).chunk_blocks(8).source(source);
    let mut pool = builder.build().unwrap();
    let local = pool.local().unwrap();
    let mut room = [MaybeUninit::uninit(); 10];
    let call = AssertUnwindSafe(|| local.allocate_many(&mut room));
    assert!(catch_unwind(call).is_err());
    assert_eq!(pool.stats().carved_blocks, 8);
    let mut room = [MaybeUninit::uninit(); 10];
    assert_eq!(local.allocate_many(&mut room), Ok(()), "the source gives again");
    // SAFETY: all of them are there.
    let blocks = room.map(|place| unsafe { place.assume_init() });
    // SAFETY: live, and freed once.
    unsafe { local.deallocate_many(&blocks) };
    drop(local);
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
}

/// papers/memory-bound.md: the blocks that a bulk call has so far count as live.
#[test]
fn threads_that_take_many_keep_the_memory_bound() {
    const THREADS: usize = 4;
    const BATCH: usize = 8;
    const MANY: usize = 100;
    let rounds = if cfg!(miri) { 3 } else { 300 };
    let pool = &Pool::builder(LAYOUT).batch(BATCH).build().unwrap();
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            threads.spawn(move || {
                let local = pool.local().unwrap();
                for round in 0..rounds {
                    let count = (thread * 31 + round * 17) % MANY + 1;
                    // SAFETY: live, and freed once.
                    let give = |blocks: &[_]| unsafe { local.deallocate_many(blocks) };
                    many(count, |room| local.allocate_many(room), give).unwrap();
                }
            });
        }
    });
    let (live, carved) = (THREADS * MANY, pool.stats().carved_blocks);
    let bound = live + 3 * THREADS * BATCH + BATCH;
    assert!(carved <= bound, "{carved} blocks carved, at most {bound}");
}
