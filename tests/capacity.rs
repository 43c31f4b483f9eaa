//! The capacity of a pool: so many blocks may be in use, from however many threads, and no more.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic::catch_unwind;
use std::sync::Barrier;
use std::thread;

use stampool::raw::each_strategy;
use stampool::source::FailingSource;
use stampool::{
    AllocError, Block, BufferSource, BuildError, Checked, Checking, Hardened, Local, ObjectPool,
    Pool, PoolBuilder, StampedPool, Strategy, SystemSource, TaggedWide, Unchecked,
};

const THREADS: usize = 4;
const LAYOUT: Layout = Layout::new::<u64>();

fn pool<S: Strategy>(capacity: usize) -> PoolBuilder<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(2).chunk_blocks(4).capacity(capacity)
}

/// Takes blocks until one is refused.
fn take_all<S: Strategy, C: Checking>(local: &Local<'_, S, C>) -> (Vec<Block>, AllocError) {
    let mut taken = vec![];
    loop {
        match local.allocate() {
            Ok(block) => taken.push(block),
            Err(error) => return (taken, error),
        }
    }
}

fn give_all<S: Strategy, C: Checking>(local: &Local<'_, S, C>, blocks: Vec<Block>) {
    // SAFETY: each was allocated from the pool, and is used no more.
    blocks.into_iter().for_each(|block| unsafe { local.deallocate(block) });
}

/// Each thread fills its cache and then sleeps, and yet each of them is granted the whole capacity
/// in its turn, and no block more.
fn caches_of_sleepers_take_nothing_away<S: Strategy>() {
    for capacity in [1, 2, 3, 8, 50] {
        let pool = pool::<S>(capacity).build().unwrap();
        let (turn, end) = (AtomicUsize::new(0), Barrier::new(THREADS));
        thread::scope(|threads| {
            for nth in 0..THREADS {
                let (pool, turn, end) = (&pool, &turn, &end);
                threads.spawn(move || {
                    let local = pool.local().unwrap();
                    while turn.load(Ordering::Acquire) != nth {
                        thread::yield_now();
                    }
                    for _ in 0..3 {
                        let (taken, error) = take_all(&local);
                        assert_eq!((taken.len(), error), (capacity, AllocError::Capacity));
                        assert_eq!(pool.stats().in_use_blocks, Some(capacity));
                        give_all(&local, taken);
                        assert_eq!(pool.stats().in_use_blocks, Some(0));
                    }
                    turn.store(nth + 1, Ordering::Release);
                    // The handle stays, and with it the cache.
                    end.wait();
                });
            }
        });
        let stats = pool.stats();
        let most = capacity + (3 * THREADS + 1) * stats.max_batch_blocks;
        assert!(stats.carved_blocks <= most, "{} of {most}", stats.carved_blocks);
        assert_eq!((stats.in_use_limit, stats.max_carved_blocks.is_none()), (Some(capacity), true));
    }
}

#[test]
fn what_lies_in_the_caches_of_sleepers_takes_nothing_away() {
    each_strategy!(S => if common::runs::<S>() { caches_of_sleepers_take_nothing_away::<S>() });
}

/// How often each thread has a block. The deep tier says how often (`xtask/src/ci/steps.rs`).
fn rounds() -> usize {
    let deep = std::env::var("STAMPOOL_CAPACITY_ROUNDS").ok();
    deep.map_or(common::often(10_000, 20), |rounds| rounds.parse().expect("a number"))
}

#[test]
fn as_many_threads_as_blocks_are_never_refused_and_one_more_always_is() {
    let pool = Pool::builder(LAYOUT).capacity(8).build_thread_local().unwrap();
    let rounds = rounds();
    let (full, again) = (Barrier::new(9), Barrier::new(9));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..rounds {
                    let block = pool.allocate().expect("eight threads, eight blocks");
                    // SAFETY: ours.
                    unsafe { pool.deallocate(block) };
                }
                for _ in 0..(rounds / 20).min(500) {
                    let block = pool.allocate().expect("eight threads, eight blocks");
                    full.wait();
                    again.wait();
                    // SAFETY: ours.
                    unsafe { pool.deallocate(block) };
                    full.wait();
                }
            });
        }
        for _ in 0..(rounds / 20).min(500) {
            full.wait();
            assert_eq!(pool.allocate(), Err(AllocError::Capacity), "the ninth");
            again.wait();
            full.wait();
        }
    });
    assert!(pool.stats().carved_blocks <= 8 + (3 * 10 + 1) * pool.stats().max_batch_blocks);
}

#[test]
fn every_kind_of_pool_with_caches_keeps_it() {
    let threads = Pool::builder(LAYOUT).capacity(3).build_thread_local().unwrap();
    let three: Vec<_> = (0..3).map(|_| threads.allocate().unwrap()).collect();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(threads.allocate(), Err(AllocError::Capacity)));
    });
    // SAFETY: ours.
    three.into_iter().for_each(|block| unsafe { threads.deallocate(block) });

    let objects = ObjectPool::builder().keep(|| 7, |_| ()).capacity(3).prefill(9).build().unwrap();
    let three = objects.get_many(3).unwrap();
    assert_eq!(objects.get().err(), Some(AllocError::Capacity));
    assert_eq!(objects.create(8).unwrap_err().error, AllocError::Capacity);
    drop(three);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(objects.get_many(3).map(|all| all.len()), Ok(3)));
    });

    let names = StampedPool::<u64>::builder().capacity(3).build_stamped(|| 7).unwrap();
    let (one, other) = (names.local().unwrap(), names.local().unwrap());
    let three: Vec<_> = (0..3).map(|_| one.allocate().unwrap()).collect();
    assert_eq!(other.allocate(), Err(AllocError::Capacity));
    three.into_iter().for_each(|name| one.free(name).unwrap());
    (0..3).for_each(|_| _ = other.allocate().unwrap());
    assert_eq!(one.allocate(), Err(AllocError::Capacity));
}

#[test]
fn a_pool_without_caches_carves_no_more_than_its_capacity() {
    let pool = Pool::builder(LAYOUT).capacity(3).build_exact().unwrap();
    let three: Vec<_> = (0..3).map(|_| pool.allocate().unwrap()).collect();
    assert_eq!(pool.allocate(), Err(AllocError::Capacity));
    assert_eq!((pool.stats().carved_blocks, pool.stats().in_use_limit), (3, None));
    // SAFETY: ours.
    three.into_iter().for_each(|block| unsafe { pool.deallocate(block) });
}

#[test]
fn a_batch_is_never_larger_than_the_capacity() {
    for (capacity, batch, most) in [(1, 1, 1), (5, 5, 5), (100, 64, 100)] {
        let builder = Pool::builder(LAYOUT).batch(64).batch_up_to(200).capacity(capacity);
        let stats = builder.build().unwrap().stats();
        assert_eq!((stats.batch_blocks, stats.max_batch_blocks), (batch, most));
    }
    assert_eq!(Pool::builder(LAYOUT).capacity(80).build().unwrap().stats().batch_blocks, 10);
    let refused = Pool::builder(LAYOUT).capacity(0).build().err();
    assert_eq!(refused, Some(BuildError::CapacityBelowBatch { capacity: 0, batch: 1 }));
}

/// A few sizes of calls, beside each other.
fn bulk<S: Strategy, C: Checking>(builder: PoolBuilder<S, C>) {
    let pool = builder.build().unwrap();
    let (local, other) = (pool.local().unwrap(), pool.local().unwrap());
    let mut room = [MaybeUninit::uninit(); 8];
    for count in [1, 5, 8] {
        local.allocate_many(&mut room[..count]).unwrap();
        let mut more = [MaybeUninit::uninit(); 8];
        assert_eq!(other.allocate_many(&mut more[..9 - count]), Err(AllocError::Capacity));
        assert_eq!(pool.stats().in_use_blocks, Some(count), "a call that fails takes nothing");
        other.allocate_many(&mut more[..8 - count]).unwrap();
        assert_eq!(pool.stats().in_use_blocks, Some(8));
        for (handle, blocks) in [(&other, &room[..count]), (&local, &more[..8 - count])] {
            // SAFETY: the calls have written them.
            let blocks: Vec<_> =
                blocks.iter().map(|block| unsafe { block.assume_init() }).collect();
            // SAFETY: ours, and freed once.
            unsafe { handle.deallocate_many(&blocks) };
        }
        assert_eq!(pool.stats().in_use_blocks, Some(0));
    }
}

#[test]
fn bulk_calls_count_each_block() {
    bulk::<TaggedWide, Unchecked>(pool(8));
    bulk::<TaggedWide, Checked>(pool(8).checked());
    bulk::<TaggedWide, Hardened>(pool(8).hardened());
}

#[test]
fn a_quarantine_holds_no_block_in_use() {
    let pool = pool::<TaggedWide>(1).hardened().build().unwrap();
    let (local, other) = (pool.local().unwrap(), pool.local().unwrap());
    for _ in 0..100 {
        for handle in [&local, &other] {
            let block = handle.allocate().unwrap();
            assert_eq!(local.allocate().err(), Some(AllocError::Capacity));
            // SAFETY: ours.
            unsafe { handle.deallocate(block) };
        }
    }
    // A misuse panics, and changes nothing.
    let block = local.allocate().unwrap();
    // SAFETY: ours.
    unsafe { local.deallocate(block) };
    // SAFETY: none, that is the test: the pool is hardened, and refuses it.
    assert!(catch_unwind(|| unsafe { local.deallocate(block) }).is_err());
    assert_eq!(pool.stats().in_use_blocks, Some(0));
    assert_eq!(take_all(&other).0.len(), 1);
}

#[test]
fn a_pool_that_only_counts_grants_what_its_source_has() {
    let pool = Pool::builder(LAYOUT).capacity(usize::MAX).build().unwrap();
    let local = pool.local().unwrap();
    let blocks: Vec<_> = (0..300).map(|_| local.allocate().unwrap()).collect();
    let stats = pool.stats();
    assert_eq!((stats.in_use_blocks, stats.batch_blocks), (Some(300), 64));
    assert_eq!(stats.idle_blocks(), Some(stats.carved_blocks - 300));
    give_all(&local, blocks);
    assert_eq!(pool.stats().idle_blocks(), Some(stats.carved_blocks));
}

#[test]
fn an_allocation_that_ends_otherwise_gives_its_permit_back() {
    // Call 1 is for the slot, call 2 for the first chunk.
    let source = FailingSource::new(SystemSource).panic_at(2);
    let pool = pool::<TaggedWide>(2).source(source).build().unwrap();
    let local = pool.local().unwrap();
    assert!(catch_unwind(|| local.allocate()).is_err());
    assert_eq!(pool.stats().in_use_blocks, Some(0));
    let (taken, error) = take_all(&local);
    assert_eq!((taken.len(), error), (2, AllocError::Capacity));

    let pool = self::pool::<TaggedWide>(2).chunk_blocks(2).build().unwrap();
    pool.prefill(1, 2).unwrap();
    pool.seal().unwrap();
    let (local, other) = (pool.local().unwrap(), pool.local().unwrap());
    let block = local.allocate().unwrap();
    // SAFETY: ours. The sealed pool's only batch is in the cache of `local` from here on.
    unsafe { local.deallocate(block) };
    for _ in 0..3 {
        let (taken, error) = take_all(&other);
        assert_eq!((taken.len(), error), (0, AllocError::Sealed));
        assert_eq!(pool.stats().in_use_blocks, Some(0));
    }
}

#[test]
fn a_buffer_that_holds_the_bound_is_enough() {
    const CAPACITY: usize = 10;
    // The caches may hold these besides; a chunk of one batch, so that nothing else is obtained.
    let blocks = CAPACITY + (3 * THREADS + 1) * 2;
    // For each batch two regions of a line or more and a magazine, for each thread a slot.
    let bytes = blocks * 8 + blocks.div_ceil(2) * 512 + THREADS * 1024;
    let room = Box::leak(vec![MaybeUninit::uninit(); bytes].into_boxed_slice());
    let builder = pool::<TaggedWide>(CAPACITY).chunk_blocks(2).source(BufferSource::new(room));
    let pool = builder.build().unwrap();
    let locals: Vec<_> = (0..THREADS).map(|_| pool.local().unwrap()).collect();
    for _ in 0..20 {
        for local in &locals {
            let (taken, error) = take_all(local);
            assert_eq!((taken.len(), error), (CAPACITY, AllocError::Capacity));
            give_all(local, taken);
        }
    }
    assert!(pool.stats().carved_blocks <= blocks && pool.stats().source_bytes <= bytes);
}
