//! Batches that grow (`PoolBuilder::batch_up_to`): which exchanges they save, when they shrink
//! again, and the memory bound, which is that of the largest batch. What a pool with no chosen batch
//! does is in `adaptive.rs`.

mod common;

use core::alloc::Layout;
use std::sync::mpsc;

use common::told::{give, take};
use common::with_every_strategy;
use stampool::{Block, BuildError, Pool, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 8]>();
const LEAST: usize = 8;
const MOST: usize = 64;
/// What the cache of a thread that only gives holds at most while a large magazine is free.
const ONE_WAY: usize = 3 * LEAST + LEAST / 2;

fn pool<S: Strategy>() -> Pool<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(LEAST).batch_up_to(MOST).build().unwrap()
}

fn exchanges<S: Strategy>(pool: &Pool<S>) -> u64 {
    let stats = pool.stats();
    stats.refills + stats.flushes
}

fn bursts_that_fit<S: Strategy>() {
    let pool = pool::<S>();
    let local = pool.local().unwrap();
    let burst = 2 * MOST;
    give(&local, take(&local, burst));
    let before = exchanges(&pool);
    for _ in 0..10 {
        give(&local, take(&local, burst));
    }
    assert_eq!(exchanges(&pool), before, "all of them fit into the cache");
    // The next block does not.
    give(&local, take(&local, burst + 1));
    assert!(exchanges(&pool) > before);
}

#[test]
fn bursts_that_fit_the_grown_cache_cost_no_exchange() {
    with_every_strategy!(bursts_that_fit);
}

#[test]
fn a_fixed_batch_exchanges_at_every_burst() {
    let pool = Pool::builder(LAYOUT).batch(LEAST).build().unwrap();
    let local = pool.local().unwrap();
    give(&local, take(&local, 2 * MOST));
    let before = exchanges(&pool);
    give(&local, take(&local, 2 * MOST));
    // All but two batches one way, and all but one the other.
    let batches = u64::try_from(2 * MOST / LEAST).unwrap();
    assert_eq!(exchanges(&pool) - before, 2 * (batches - 2));
}

fn together<S: Strategy>() {
    let pool = pool::<S>();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let blocks = take(&one, 4 * MOST);
    assert_eq!(one.cached_blocks(), 0, "carved by the least batch, so none is left over");
    give(&one, blocks);
    assert_eq!(one.cached_blocks(), 2 * MOST, "two flushes of the largest batch");
    let refills = pool.stats().refills;
    let first = take(&other, 1);
    assert_eq!(pool.stats().refills, refills + 1);
    assert_eq!(other.cached_blocks(), MOST - 1, "what was put down together");
    give(&other, first);
    // Gone and come again: by the least batch.
    drop(one);
    let one = pool.local().unwrap();
    let blocks = take(&other, 3 * LEAST);
    give(&one, blocks);
    assert_eq!(one.cached_blocks(), 2 * LEAST, "two batches, and one given away");
}

#[test]
fn blocks_that_were_put_down_together_are_taken_together() {
    with_every_strategy!(together);
}

fn one_way_stays_small<S: Strategy>() {
    let pool = pool::<S>();
    let (producer, consumer) = (pool.local().unwrap(), pool.local().unwrap());
    for _ in 0..100 {
        give(&consumer, take(&producer, LEAST));
        assert!(consumer.cached_blocks() <= ONE_WAY);
        assert!(producer.cached_blocks() <= ONE_WAY);
    }
}

#[test]
fn threads_that_only_take_or_only_give_stay_at_a_few_batches() {
    with_every_strategy!(one_way_stays_small);
}

fn next_owner<S: Strategy>() {
    let pool = pool::<S>();
    let producer = pool.local().unwrap();
    let last_owner = pool.local().unwrap();
    let blocks = take(&last_owner, LEAST);
    assert_eq!(last_owner.cached_blocks(), 0, "its last exchange was a refill");
    drop(last_owner);
    let next_owner = pool.local().unwrap();
    assert_eq!(pool.stats().slots, 2, "both owners had the same cache");
    give(&next_owner, take(&producer, 2 * LEAST + 1));
    let cached = next_owner.cached_blocks();
    assert_eq!(cached, LEAST + 1, "a thread that only frees got a larger cache");
    give(&producer, blocks);
}

#[test]
fn a_refill_of_the_last_owner_does_not_enlarge_the_cache_of_the_next_one() {
    with_every_strategy!(next_owner);
}

fn comes_back<S: Strategy>() {
    let pool = pool::<S>();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    give(&one, take(&one, 2 * MOST));
    assert_eq!(one.cached_blocks(), 2 * MOST, "it has grown");
    // From now on it only gives. Sixteen exchanges show that.
    let mut cached = Vec::new();
    for _ in 0..4 * 16 * MOST / LEAST {
        give(&one, take(&other, LEAST));
        cached.push(one.cached_blocks());
    }
    assert_eq!(cached.iter().copied().max(), Some(2 * MOST));
    // Or two more, while both large magazines are full.
    let most = ONE_WAY + 2 * LEAST;
    assert!(cached[cached.len() / 2..].iter().all(|&blocks| blocks <= most), "{cached:?}");
    // And it grows again.
    let before = exchanges(&pool);
    give(&one, take(&one, 2 * MOST));
    assert!(exchanges(&pool) > before);
    assert!(one.cached_blocks() > MOST, "what was left over comes to it");
}

#[test]
fn a_cache_that_has_grown_shrinks_when_its_thread_only_frees() {
    with_every_strategy!(comes_back);
}

fn one_magazine<S: Strategy>() {
    let pool = pool::<S>();
    let (producer, consumer) = (pool.local().unwrap(), pool.local().unwrap());
    // Three batches more than the cache holds: three magazines.
    give(&consumer, take(&producer, 5 * LEAST));
    let taker = pool.local().unwrap();
    let refills = pool.stats().refills;
    let blocks = take(&taker, 1);
    assert_eq!(pool.stats().refills, refills + 1);
    assert_eq!(taker.cached_blocks(), LEAST - 1, "one of them, and not all that would fit");
    give(&taker, blocks);
}

#[test]
fn a_refill_takes_one_magazine() {
    with_every_strategy!(one_magazine);
}

fn one_way<S: Strategy>() {
    const MESSAGES: usize = common::often(100_000, 400);
    const IN_FLIGHT: usize = 256;
    let mut pool = pool::<S>();
    std::thread::scope(|threads| {
        let (to, from) = mpsc::sync_channel::<Block>(IN_FLIGHT);
        let pool = &pool;
        threads.spawn(move || {
            let local = pool.local().unwrap();
            for _ in 0..MESSAGES {
                to.send(local.allocate().unwrap()).unwrap();
            }
        });
        threads.spawn(move || {
            let local = pool.local().unwrap();
            for block in from {
                // SAFETY: allocated from this pool, and sent here once.
                unsafe { local.deallocate(block) };
            }
        });
    });
    let carved = pool.stats().carved_blocks;
    // One in each hand beside those in the channel.
    let bound = IN_FLIGHT + 2 + 3 * 2 * MOST + MOST;
    assert!(carved <= bound, "{carved} blocks carved, {bound} may be");
    assert_eq!(pool.census().free_blocks(), carved, "none is lost");
}

#[test]
fn one_way_traffic_stays_within_the_bound_of_the_largest_batch() {
    with_every_strategy!(one_way);
}

#[test]
fn checked_pools_see_the_same_blocks() {
    let mut pool = Pool::builder(LAYOUT).batch(LEAST).batch_up_to(MOST).hardened().build().unwrap();
    {
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        for _ in 0..3 {
            let blocks = take(&one, 5 * MOST);
            give(&other, blocks);
        }
        let block = one.allocate().unwrap();
        // SAFETY: ours.
        unsafe { other.deallocate(block) };
        let again = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            // SAFETY: not at all: the pool is to say so.
            unsafe { other.deallocate(block) }
        }));
        assert!(again.is_err(), "freed twice");
    }
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
}

#[test]
fn what_cannot_be_had_is_refused() {
    let built = |least, most| Pool::builder(LAYOUT).batch(least).batch_up_to(most).build().err();
    let limit = 1 << 16;
    assert_eq!(built(8, 7), Some(BuildError::BatchUpTo { requested: 7, batch: 8 }));
    assert_eq!(built(8, 0), Some(BuildError::Batch { requested: 0, limit }));
    for requested in [limit + 1, usize::MAX] {
        assert_eq!(built(8, requested), Some(BuildError::Batch { requested, limit }));
    }
    assert_eq!(built(8, 8), None);
    assert_eq!(built(1, limit), None);
}

#[test]
fn chunks_count_the_room_of_large_magazines() {
    let builder = Pool::builder(Layout::new::<u64>()).batch(8).batch_up_to(1 << 13);
    let pool = builder.build().unwrap();
    let block = pool.local().unwrap().allocate().unwrap();
    let bytes = pool.stats().source_bytes;
    // The slot's array and magazine, and the magazine of one batch: a chunk of 16 KiB has room for
    // no more.
    assert!(bytes < 5 * (8 << 13), "{bytes} bytes for the first block");
    // SAFETY: allocated just now.
    unsafe { pool.local().unwrap().deallocate(block) };
}
