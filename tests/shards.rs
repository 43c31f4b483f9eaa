//! Several lists of full magazines: a thread that looks for blocks finds all of them, and the
//! memory bound is that of a pool with one list.

mod common;

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use common::{Meter, with_every_strategy};
use stampool::{
    AllocError, Block, BuildError, Local, Pool, PoolBuilder, StdThreads, Strategy, Topology,
};

const LAYOUT: Layout = Layout::new::<u64>();
const BATCH: usize = 4;
const PANICS: usize = usize::MAX / 2;

/// Says what it was told.
#[derive(Clone)]
struct Told {
    shards: usize,
    shard: Arc<AtomicUsize>,
}

impl Told {
    fn new(shards: usize) -> Self {
        Self { shards, shard: Arc::default() }
    }

    /// From here on every thread is there.
    fn go_to(&self, shard: usize) {
        self.shard.store(shard, Ordering::Relaxed);
    }
}

impl Topology for Told {
    fn shards(&self) -> usize {
        assert!(self.shards != PANICS, "no idea how many");
        self.shards
    }

    fn shard(&self) -> usize {
        let shard = self.shard.load(Ordering::Relaxed);
        assert!(shard != PANICS, "no idea where");
        shard
    }
}

fn builder<S: Strategy>(told: &Told) -> PoolBuilder<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).topology(told.clone())
}

fn take<S: Strategy>(local: &Local<'_, S>, count: usize) -> Vec<Block> {
    (0..count).map(|_| local.allocate().unwrap()).collect()
}

fn give<S: Strategy>(local: &Local<'_, S>, blocks: impl IntoIterator<Item = Block>) {
    for block in blocks {
        // SAFETY: live, and freed once: by the tests that call this.
        unsafe { local.deallocate(block) };
    }
}

/// Puts these blocks, whole batches, down in `shard`.
fn put_down<S: Strategy>(pool: &Pool<S>, told: &Told, shard: usize, blocks: &[Block]) {
    told.go_to(shard);
    give(&pool.local().unwrap(), blocks.iter().copied());
}

fn sorted(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.sort();
    blocks
}

#[test]
fn blocks_of_another_shard_are_found_before_anything_is_carved() {
    fn find<S: Strategy>() {
        for from in 0..4 {
            let told = Told::new(4);
            let mut pool = builder::<S>(&told).build().unwrap();
            let local = pool.local().unwrap();
            let blocks = take(&local, 6 * BATCH);
            let carved = pool.stats().carved_blocks;
            put_down(&pool, &told, from, &blocks);
            assert_eq!(sorted(take(&local, 6 * BATCH)), sorted(blocks), "{} from {from}", S::NAME);
            assert_eq!(pool.stats().carved_blocks, carved, "{} from {from}", S::NAME);
            drop(local);
            assert_eq!(pool.census().free_blocks(), 0);
        }
    }
    with_every_strategy!(find);
}

#[test]
fn the_own_shard_comes_first_and_the_others_in_turn() {
    fn in_turn<S: Strategy>() {
        let told = Told::new(3);
        let pool = builder::<S>(&told).build().unwrap();
        let local = pool.local().unwrap();
        let batches: Vec<_> = (0..3).map(|_| take(&local, BATCH)).collect();
        for (shard, batch) in batches.iter().enumerate() {
            put_down(&pool, &told, shard, batch);
        }
        told.go_to(1);
        let local = pool.local().unwrap();
        for shard in [1, 2, 0] {
            let had = sorted(take(&local, BATCH));
            assert_eq!(had, sorted(batches[shard].clone()), "{}: {shard}", S::NAME);
        }
        assert_eq!(pool.stats().carved_blocks, 3 * BATCH);
    }
    with_every_strategy!(in_turn);
}

#[test]
fn a_slot_that_changes_hands_is_in_the_shard_of_its_new_thread() {
    fn change<S: Strategy>() {
        let told = Told::new(2);
        let pool = builder::<S>(&told).build().unwrap();
        let blocks = take(&pool.local().unwrap(), 2 * BATCH);
        let (first, second) = blocks.split_at(BATCH);
        put_down(&pool, &told, 0, first);
        put_down(&pool, &told, 1, second);
        assert_eq!(pool.stats().slots, 1, "one slot after the other");
        told.go_to(0);
        let had = take(&pool.local().unwrap(), BATCH);
        assert_eq!(sorted(had), sorted(first.to_vec()), "{}: not what came last", S::NAME);
    }
    with_every_strategy!(change);
}

#[test]
fn partial_magazines_are_shared_by_all_shards() {
    fn merge<S: Strategy>() {
        let told = Told::new(2);
        let mut pool = builder::<S>(&told).build().unwrap();
        let blocks = take(&pool.local().unwrap(), BATCH);
        put_down(&pool, &told, 0, &blocks[..1]);
        put_down(&pool, &told, 1, &blocks[1..2]);
        assert_eq!(pool.census().partial_blocks, 2);
        put_down(&pool, &told, 1, &blocks[2..]);
        let census = pool.census();
        assert_eq!((census.full_blocks, census.partial_blocks), (BATCH, 0), "{}", S::NAME);
        told.go_to(0);
        assert_eq!(sorted(take(&pool.local().unwrap(), BATCH)), sorted(blocks));
    }
    with_every_strategy!(merge);
}

#[test]
fn census_stats_and_drop_know_of_all_shards() {
    fn all<S: Strategy>() {
        let (told, meter) = (Told::new(4), Meter::new());
        let counts = Arc::clone(&meter.counts);
        let mut pool = builder::<S>(&told).source(meter).build().unwrap();
        let blocks = take(&pool.local().unwrap(), 4 * BATCH);
        for (shard, batch) in blocks.chunks(BATCH).enumerate() {
            put_down(&pool, &told, shard, batch);
        }
        let (stats, census) = (pool.stats(), pool.census());
        assert_eq!((stats.shards, stats.carved_blocks), (4, 4 * BATCH));
        assert_eq!((census.full_blocks, census.partial_blocks), (4 * BATCH, 0), "{}", S::NAME);
        assert_eq!(census.empty_magazines, stats.magazines - 4);
        drop(pool);
        assert!(counts.obtained() > 0);
        assert_eq!(counts.obtained(), counts.released());
    }
    with_every_strategy!(all);
}

#[test]
fn without_a_topology_there_is_one_shard() {
    assert_eq!(Pool::builder(LAYOUT).build().unwrap().stats().shards, 1);
}

#[test]
fn a_sealed_pool_looks_into_all_shards() {
    fn seal<S: Strategy>() {
        let told = Told::new(3);
        let pool = builder::<S>(&told).chunk_blocks(4 * BATCH).build().unwrap();
        told.go_to(2);
        pool.prefill(4 * BATCH, 2).unwrap();
        pool.seal().unwrap();
        told.go_to(0);
        let local = pool.local().unwrap();
        let blocks = take(&local, 4 * BATCH);
        assert_eq!(local.allocate(), Err(AllocError::Sealed));
        give(&local, blocks);
    }
    with_every_strategy!(seal);
}

#[test]
fn what_a_thread_has_forgotten_is_found_from_every_shard() {
    fn forget<S: Strategy>() {
        let told = Told::new(3);
        let pool = builder::<S>(&told).threads(StdThreads).build().unwrap();
        told.go_to(2);
        thread::scope(|threads| {
            let forgetful = threads.spawn(|| {
                let local = pool.local().unwrap();
                let blocks = take(&local, 2 * BATCH);
                give(&local, blocks);
                core::mem::forget(local);
            });
            // The scope alone does not wait for what the thread does at its end.
            forgetful.join().unwrap();
        });
        told.go_to(1);
        let blocks = take(&pool.local().unwrap(), 2 * BATCH);
        assert_eq!((blocks.len(), pool.stats().carved_blocks), (2 * BATCH, 2 * BATCH));
    }
    with_every_strategy!(forget);
}

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
    let pool = builder::<stampool::TaggedWide>(&told).build().unwrap();
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
        let (told, meter) = (Told::new(2), Meter::new());
        let counts = Arc::clone(&meter.counts);
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
    let builder = builder::<stampool::TaggedWide>(&told);
    let mut pool = builder.build_thread_local().unwrap();
    let block = pool.allocate().unwrap();
    thread::scope(|threads| {
        let (pool, told) = (&pool, &told);
        threads.spawn(move || {
            // All of it: the pointer alone is not sent.
            let block = core::convert::identity(block);
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
    let counts = Meter::new().counts;
    let meter = Meter { counts: Arc::clone(&counts), ..Meter::new() };
    let builder = Pool::builder(LAYOUT).topology(Told::new(PANICS)).source(meter);
    assert!(catch_unwind(AssertUnwindSafe(|| builder.build().map(drop))).is_err());
    assert_eq!((Arc::strong_count(&counts), counts.obtained()), (1, 0));
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

/// Every thread frees what others have allocated, in other shards, and leaves now and then.
#[test]
fn the_bound_is_that_of_one_shard() {
    const THREADS: usize = 8;
    const ROUNDS: usize = common::often(300, 8);

    struct Spread(AtomicUsize);

    impl Topology for Spread {
        fn shards(&self) -> usize {
            4
        }

        fn shard(&self) -> usize {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    fn play<S: Strategy>() {
        let builder = Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).chunk_blocks(BATCH);
        let mut pool = builder.topology(Spread(AtomicUsize::new(0))).build().unwrap();
        let (now, most) = (AtomicIsize::new(0), AtomicIsize::new(0));
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..THREADS).map(|_| mpsc::channel::<Block>()).unzip();
        let receivers: Vec<_> = receivers.into_iter().map(Mutex::new).collect();
        thread::scope(|threads| {
            for me in 0..THREADS {
                let (pool, now, most) = (&pool, &now, &most);
                let (senders, receiver) = (senders.clone(), &receivers[me]);
                threads.spawn(move || {
                    let receiver = receiver.lock().unwrap();
                    let mut local = Some(pool.local().unwrap());
                    for round in 0..ROUNDS {
                        let handle = local.as_ref().unwrap();
                        for nth in 0..round % 11 {
                            let block = handle.allocate().unwrap();
                            let live = now.fetch_add(1, Ordering::Relaxed) + 1;
                            most.fetch_max(live, Ordering::Relaxed);
                            senders[(me + 1 + nth) % THREADS].send(block).unwrap();
                        }
                        for block in receiver.try_iter() {
                            now.fetch_sub(1, Ordering::Relaxed);
                            // SAFETY: live, and freed by its receiver alone.
                            unsafe { handle.deallocate(block) };
                        }
                        if round % 50 == 49 {
                            drop(local.take());
                            local = Some(pool.local().unwrap());
                        }
                    }
                });
            }
        });
        drop(senders);
        let local = pool.local().unwrap();
        for receiver in receivers {
            give(&local, receiver.into_inner().unwrap().into_iter());
        }
        drop(local);
        let carved = pool.stats().carved_blocks;
        let bound = most.into_inner().unsigned_abs() + 3 * THREADS * BATCH + BATCH;
        assert!(carved <= bound, "{}: {carved} blocks carved, bound {bound}", S::NAME);
        assert_eq!(pool.census().free_blocks(), carved, "{}: none lost", S::NAME);
        let local = pool.local().unwrap();
        let mut had = sorted(take(&local, carved));
        had.dedup();
        assert_eq!(had.len(), carved, "{}: one twice", S::NAME);
        assert_eq!(pool.stats().carved_blocks, carved, "{}: all found", S::NAME);
    }
    with_every_strategy!(play);
}
