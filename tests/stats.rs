//! The counts that a pool keeps: exact while no call is in progress, and readable while the pool is
//! in use.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use common::with_every_strategy;
use stampool::source::{CountingSource, FailingSource};
use stampool::{Pool, Stats, Strategy, TaggedPacked, TaggedWide};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

fn pool<S: Strategy>(batch: usize) -> Pool<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(batch).build().unwrap()
}

#[test]
fn one_thread_is_counted_to_the_block() {
    with_every_strategy!(count_one_thread);
}

fn count_one_thread<S: Strategy>() {
    let pool = pool::<S>(4);
    let local = pool.local().unwrap();
    let blocks: Vec<_> = (0..9).map(|_| local.allocate().unwrap()).collect();
    let stats = pool.stats();
    assert_eq!((stats.refills, stats.flushes), (3, 0), "9 blocks are three batches");
    assert_eq!((stats.drawn_blocks, stats.carved_blocks), (12, 12));
    for block in blocks {
        // SAFETY: live, and freed once.
        unsafe { local.deallocate(block) };
    }
    let stats = pool.stats();
    assert_eq!((stats.refills, stats.flushes), (3, 1), "3 cached and 9 freed: one batch too many");
    assert_eq!(stats.drawn_blocks, 8);
    let slots = pool.slots();
    assert_eq!(slots.len(), 1);
    assert_eq!((slots[0].refills, slots[0].refilled_blocks), (3, 12));
    assert_eq!((slots[0].flushes, slots[0].flushed_blocks), (1, 4));
    assert!(slots[0].thread.is_some());
    drop(local);
    assert_eq!(pool.stats().drawn_blocks, 0, "a handle that leaves takes nothing along");
    assert_eq!(pool.stats().cas_failures, 0, "alone, nobody is late");
    assert!(pool.slots()[0].thread.is_none());
}

/// A bulk call exchanges past the cache, and the slot counts what it moves all the same.
#[test]
fn bulk_calls_are_counted_to_the_block() {
    with_every_strategy!(count_bulk_calls);
}

fn count_bulk_calls<S: Strategy>() {
    let builder = Pool::builder(LAYOUT).strategy::<S>().batch(2).batch_up_to(8);
    let pool = builder.build().unwrap();
    let local = pool.local().unwrap();
    let mut room = [MaybeUninit::uninit(); 10];
    local.allocate_many(&mut room).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.refills, stats.drawn_blocks), (5, 10), "five carved batches of 2");
    // SAFETY: the call has written all of them.
    let blocks = room.map(|block| unsafe { block.assume_init() });
    // SAFETY: live, and freed once.
    unsafe { local.deallocate_many(&blocks) };
    let stats = pool.stats();
    assert_eq!((stats.flushes, stats.drawn_blocks), (2, 0), "8 freed together, and then 2");
    assert_eq!(pool.slots()[0].flushed_blocks, 10);
    assert_eq!(local.cached_blocks(), 0, "a whole batch went through the cache");
}

/// A batch that is carved brings a magazine, and so does a slot, for its remainder (M1 of the
/// mediator).
#[test]
fn every_batch_and_every_slot_brings_a_magazine() {
    with_every_strategy!(count_magazines);
}

fn count_magazines<S: Strategy>() {
    let mut pool =
        Pool::builder(LAYOUT).strategy::<S>().batch(4).limbo_magazines(0).build().unwrap();
    let locals: Vec<_> = (0..3).map(|_| pool.local().unwrap()).collect();
    let waiting = pool.stats().limbo_limit;
    assert_eq!(pool.stats().magazines, 3 + waiting, "a slot without a magazine");
    let _block = locals[0].allocate().unwrap();
    assert_eq!(pool.stats().magazines, 4 + waiting, "a batch without a magazine");
    drop(locals);
    let census = pool.census();
    assert_eq!((census.partial_blocks, census.empty_magazines), (3, 3 + waiting));
}

#[test]
fn every_call_of_the_source_is_counted() {
    let meter = CountingSource::new(FailingSource::default().refuse_at(1));
    let pool = Pool::builder(LAYOUT).batch(4).chunk_blocks(4).source(meter).build().unwrap();
    let local = pool.local().unwrap();
    let _block = local.allocate().unwrap();
    let stats = pool.stats();
    // A chunk has two regions.
    assert_eq!((stats.source_calls, stats.regions), (4, 3), "a slot, a refusal, a smaller chunk");
}

#[test]
fn the_sum_of_the_slots_is_the_whole_at_rest_and_never_falls_meanwhile() {
    with_every_strategy!(many_threads);
}

fn many_threads<S: Strategy>() {
    let mut pool = pool::<S>(8);
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let reader = threads.spawn(|| {
            let mut before = pool.stats();
            let mut looks = 0_u32;
            while !over.load(Ordering::Relaxed) {
                let now = pool.stats();
                assert!(now.refills >= before.refills && now.flushes >= before.flushes);
                assert!(now.cas_failures >= before.cas_failures && now.slots >= before.slots);
                (before, looks) = (now, looks + 1);
            }
            looks
        });
        let workers: Vec<_> = (0..3).map(|_| threads.spawn(|| work(&pool))).collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    let (stats, slots) = (pool.stats(), pool.slots());
    assert_eq!(stats.refills, slots.iter().map(|slot| slot.refills).sum::<u64>());
    assert_eq!(stats.flushes, slots.iter().map(|slot| slot.flushes).sum::<u64>());
    assert!(stats.refills > 100, "{stats:?}");
    assert_eq!(stats.drawn_blocks, 0, "all handles have left");
    assert_eq!(pool.census().free_blocks(), stats.carved_blocks);
}

fn work<S: Strategy>(pool: &Pool<S>) {
    let local = pool.local().unwrap();
    for round in 0..common::often(2000, 40) {
        let blocks: Vec<_> = (0..round % 40).map(|_| local.allocate().unwrap()).collect();
        for block in blocks {
            // SAFETY: live, and freed once.
            unsafe { local.deallocate(block) };
        }
    }
}

/// Until two have met at a head. Where they never do the test says so, after a minute.
#[test]
fn who_comes_too_late_is_counted() {
    fn contend<S: Strategy>() -> Stats {
        let pool = pool::<S>(1);
        let deadline = Instant::now() + Duration::from_secs(60);
        while pool.stats().cas_failures == 0 && Instant::now() < deadline {
            thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| work(&pool));
                }
            });
        }
        pool.stats()
    }
    assert!(contend::<TaggedWide>().cas_failures > 0);
    assert!(contend::<TaggedPacked>().cas_failures > 0);
}

#[test]
fn source_bytes_are_what_the_source_was_asked_for() {
    let source = CountingSource::default();
    let counts = source.counts();
    let pool = Pool::builder(LAYOUT).batch(3).source(source).build().unwrap();
    assert_eq!(pool.stats().source_bytes, 0);
    pool.prefill(1000, 3).unwrap();
    let bytes = counts.obtained_bytes();
    assert_eq!(pool.stats().source_bytes, bytes, "headers and padding included");
    assert!(bytes > 1000 * LAYOUT.size());
}
