//! Several lists of full magazines: a thread that looks for blocks finds all of them, and the
//! memory bound is that of a pool with one list.

mod common;

use core::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use common::told::{BATCH, LAYOUT, Told, builder, give, put_down, sorted, take};
use common::with_every_strategy;
use stampool::source::CountingSource;
use stampool::{AllocError, Block, Pool, StdThreads, Strategy, Topology};

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
        let (told, meter) = (Told::new(4), CountingSource::default());
        let counts = meter.counts();
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
fn a_prefill_fills_the_list_of_the_callers_shard() {
    fn prefill<S: Strategy>() {
        let told = Told::new(2);
        let pool = builder::<S>(&told).chunk_blocks(2 * BATCH).build().unwrap();
        told.go_to(1);
        pool.prefill(BATCH, 2).unwrap();
        told.go_to(0);
        pool.prefill(2 * BATCH, 2).unwrap();
        // The blocks of a chunk are carved in the order of their addresses.
        let in_shard = [1, 0].map(|shard| {
            told.go_to(shard);
            let local = pool.local().unwrap();
            sorted(take(&local, BATCH))
        });
        let [first, second] = in_shard;
        assert!(first.last() < second.first(), "{}: a batch is in another shard", S::NAME);
    }
    with_every_strategy!(prefill);
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
            give(&local, receiver.into_inner().unwrap());
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
