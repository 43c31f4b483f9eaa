//! What a pool asks of its topology and what it does with the answers: numbers that are out of
//! range, and hooks that panic.

mod common;

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::{Arc, Barrier};
use std::thread;

use common::told::{BATCH, LAYOUT, PANICS, Told, builder, put_down, sorted, take};
use common::with_every_strategy;
use stampool::source::{CountingSource, SourceCounts};
use stampool::{BuildError, Pool, Strategy, SystemSource, TaggedWide, Topology};

#[test]
fn no_shards_and_too_many_are_refused() {
    for requested in [0, 1025, usize::MAX] {
        let built = Pool::builder(LAYOUT).topology(Told::new(requested)).build();
        assert_eq!(built.err(), Some(BuildError::Shards { requested, limit: 1024 }));
    }
    let text = BuildError::Shards { requested: 0, limit: 1024 }.to_string();
    assert_eq!(text, "a topology of 0 shards, where 1 to 1024 can be had");
    let most = Pool::builder(LAYOUT).topology(Told::new(1024)).build().unwrap();
    assert_eq!(most.stats().shards, 1024);
}

#[test]
fn a_shard_beyond_the_last_begins_again_with_the_first() {
    let told = Told::new(3);
    let pool = builder::<TaggedWide>(&told).build().unwrap();
    let blocks = take(&pool.local().unwrap(), 2 * BATCH);
    let (first, second) = blocks.split_at(BATCH);
    put_down(&pool, &told, 3 + 1, first);
    put_down(&pool, &told, 3 * 1000 + 2, second);
    for (shard, batch) in [(1, first), (2, second)] {
        told.go_to(shard);
        assert_eq!(sorted(take(&pool.local().unwrap(), BATCH)), sorted(batch.to_vec()));
    }
    told.go_to(PANICS - 1);
    assert!(pool.local().is_ok(), "however far beyond");
}

#[test]
fn a_hook_that_panics_changes_nothing() {
    fn panics<S: Strategy>() {
        let (told, meter) = (Told::new(2), CountingSource::default());
        let counts = meter.counts();
        let mut pool = builder::<S>(&told).source(meter).build().unwrap();
        let blocks = take(&pool.local().unwrap(), BATCH);
        let before = (pool.stats(), counts.obtained());
        told.go_to(PANICS);
        assert!(catch_unwind(AssertUnwindSafe(|| pool.local().map(drop))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| pool.prefill(100, 3))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| pool.seal())).is_err());
        assert_eq!((pool.stats(), counts.obtained()), before, "{}", S::NAME);
        let carved = pool.stats().carved_blocks;
        put_down(&pool, &told, 1, &blocks);
        assert_eq!(pool.census().free_blocks(), carved);
        let had = sorted(take(&pool.local().unwrap(), BATCH));
        assert_eq!((had, pool.stats().slots), (sorted(blocks), 1), "{}", S::NAME);
    }
    with_every_strategy!(panics);
}

#[test]
fn a_hook_that_panics_leaves_a_thread_local_pool_its_blocks() {
    let told = Told::new(2);
    let builder = builder::<TaggedWide>(&told);
    let mut pool = builder.build_thread_local().unwrap();
    let block = pool.allocate().unwrap();
    thread::scope(|threads| {
        let (pool, told) = (&pool, &told);
        threads.spawn(move || {
            told.go_to(PANICS);
            // SAFETY: live; a free that panics has not been.
            let freed = catch_unwind(AssertUnwindSafe(|| unsafe { pool.deallocate(block) }));
            assert!(freed.is_err());
            told.go_to(1);
            // SAFETY: live, and freed once.
            unsafe { pool.deallocate(block) };
        });
    });
    let carved = pool.stats().carved_blocks;
    assert_eq!(pool.census().free_blocks(), carved);
}

#[test]
fn a_builder_whose_hook_panics_gives_its_source_back() {
    let counts = SourceCounts::default();
    let meter = CountingSource::with_counts(SystemSource, counts.clone());
    let builder = Pool::builder(LAYOUT).topology(Told::new(PANICS)).source(meter);
    assert!(catch_unwind(AssertUnwindSafe(|| builder.build().map(drop))).is_err());
    assert_eq!((counts.sources(), counts.obtained()), (0, 0));
}

#[test]
fn a_pool_without_caches_asks_for_no_shard() {
    let told = Told::new(PANICS);
    told.go_to(PANICS);
    let pool = Pool::builder(LAYOUT).topology(told).build_exact().unwrap();
    let block = pool.allocate().unwrap();
    // SAFETY: live, and freed once.
    unsafe { pool.deallocate(block) };
    assert_eq!(pool.stats().shards, 1);
}

/// It belongs to the first shard.
#[test]
fn the_cache_that_threads_share_asks_for_no_shard() {
    let told = Told::new(2);
    told.go_to(PANICS);
    let builder = builder::<TaggedWide>(&told);
    let built = catch_unwind(AssertUnwindSafe(|| builder.build_thread_local().map(drop)));
    assert!(matches!(built, Ok(Ok(()))), "the builder asked for the shard of a thread");
}

/// Holds the thread `late` up when it asks for its shard.
struct HoldsLate(Arc<[Barrier; 2]>);

impl Topology for HoldsLate {
    fn shards(&self) -> usize {
        2
    }

    fn shard(&self) -> usize {
        if thread::current().name() == Some("late") {
            self.0.iter().for_each(|barrier| _ = barrier.wait());
        }
        0
    }
}

/// The late thread has seen the pool unsealed, and finds it sealed and without a free slot.
#[test]
fn a_seal_during_another_one_is_no_error() {
    let barriers = Arc::new([Barrier::new(2), Barrier::new(2)]);
    let pool = Pool::builder(LAYOUT).topology(HoldsLate(Arc::clone(&barriers))).build().unwrap();
    thread::scope(|threads| {
        let late = thread::Builder::new().name("late".into());
        let late = late.spawn_scoped(threads, || pool.seal()).unwrap();
        let [asked, go_on] = &*barriers;
        asked.wait();
        let sealed = pool.seal();
        let handles: Vec<_> = core::iter::from_fn(|| pool.local().ok()).collect();
        go_on.wait();
        assert_eq!((sealed, late.join().unwrap()), (Ok(()), Ok(())));
        drop(handles);
    });
}
