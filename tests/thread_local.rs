//! Pools without handles: threads that end before, while and after their pool is dropped.

mod common;

use core::alloc::Layout;
use core::cell::RefCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use common::with_every_strategy;
use stampool::source::{CountingSource, SourceCounts};
use stampool::{
    AllocError, Block, BufferSource, Pool, StdThreads, Strategy, SystemSource, TaggedWide,
    ThreadLocalPool,
};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
const BATCH: usize = 8;

fn pool<S: Strategy>() -> ThreadLocalPool<S> {
    Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).build_thread_local().unwrap()
}

fn take<S: Strategy>(pool: &ThreadLocalPool<S>, count: usize) -> Vec<Block> {
    (0..count).map(|_| pool.allocate().unwrap()).collect()
}

fn give<S: Strategy>(pool: &ThreadLocalPool<S>, blocks: Vec<Block>) {
    for block in blocks {
        // SAFETY: each was taken from this pool, and is given back once.
        unsafe { pool.deallocate(block) };
    }
}

fn assert_all_free<S: Strategy>(pool: &mut ThreadLocalPool<S>) {
    let census = pool.census();
    assert_eq!(census.free_blocks(), pool.stats().carved_blocks, "{census:?}");
}

#[test]
fn a_block_may_be_freed_by_any_thread() {
    with_every_strategy!(free_on_another_thread);
}

fn free_on_another_thread<S: Strategy>() {
    let pool = pool::<S>();
    thread::scope(|threads| {
        let (send, receive) = mpsc::channel();
        threads.spawn(|| receive.into_iter().for_each(|blocks| give(&pool, blocks)));
        for _ in 0..100 {
            send.send(take(&pool, 3 * BATCH)).unwrap();
        }
        drop(send);
    });
    let stats = pool.stats();
    assert!(stats.carved_blocks <= 100 * 3 * BATCH + (3 * 3 + 1) * BATCH, "{stats:?}");
}

#[test]
fn a_thread_that_ends_hands_in_what_it_cached() {
    with_every_strategy!(end_with_a_full_cache);
}

fn end_with_a_full_cache<S: Strategy>() {
    let pool = Arc::new(pool::<S>());
    for round in 0..20 {
        let shared = Arc::clone(&pool);
        // Not scoped: a scope does not wait for thread-local destructors.
        thread::spawn(move || give(&shared, take(&shared, 2 * BATCH))).join().unwrap();
        let stats = pool.stats();
        assert_eq!(stats.carved_blocks, 2 * BATCH, "round {round} found what the last one left");
        assert_eq!(stats.attached, 1, "the slot for those without one");
    }
}

#[test]
fn pools_come_and_go_while_a_thread_lives() {
    with_every_strategy!(pools_come_and_go);
}

fn pools_come_and_go<S: Strategy>() {
    let counts = SourceCounts::default();
    for round in 0..common::often(100, 6) {
        let meter = CountingSource::with_counts(SystemSource, counts.clone());
        let builder = Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).source(meter);
        // Often at the address of the one before.
        let pool = Box::new(builder.build_thread_local().unwrap());
        let blocks = take(&pool, round % 20 + 1);
        assert!(pool.stats().carved_blocks >= blocks.len(), "the blocks are this pool's");
        give(&pool, blocks);
    }
    assert_eq!(counts.obtained(), counts.released(), "a region did not go back exactly once");
}

#[test]
fn one_thread_goes_round_more_pools_than_it_keeps_near() {
    let mut pools: Vec<_> = (0..50).map(|_| pool::<TaggedWide>()).collect();
    let mut taken: Vec<_> = pools.iter().map(|_| Vec::new()).collect();
    for round in 0..5 {
        for (pool, blocks) in pools.iter().zip(&mut taken) {
            blocks.extend(take(pool, round + 1));
        }
    }
    for (pool, blocks) in pools.iter().zip(taken) {
        assert_eq!(pool.stats().slots, 2, "one slot for the thread, one to share");
        give(pool, blocks);
    }
    for pool in &mut pools {
        assert_all_free(pool);
    }
}

#[test]
fn pools_end_before_while_and_after_their_threads() {
    with_every_strategy!(any_order_of_ends);
}

fn any_order_of_ends<S: Strategy>() {
    let counts = SourceCounts::default();
    let mut threads = Vec::new();
    for _ in 0..common::often(200, 10) {
        let meter = CountingSource::with_counts(SystemSource, counts.clone());
        let builder = Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).source(meter);
        let pool = Arc::new(builder.build_thread_local().unwrap());
        let together = Arc::new(Barrier::new(2));
        let (shared, ready) = (Arc::clone(&pool), Arc::clone(&together));
        threads.push(thread::spawn(move || {
            give(&shared, take(&shared, 2 * BATCH));
            drop(shared);
            ready.wait();
            // Now the thread's destructors run beside the pool's.
        }));
        together.wait();
        drop(pool);
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(counts.obtained(), counts.released(), "a region did not go back exactly once");
}

/// Calls its pool when the thread's storage is being taken down: before the handles, or after them.
struct LateCaller(RefCell<Option<(Arc<ThreadLocalPool>, Vec<Block>)>>);

impl Drop for LateCaller {
    fn drop(&mut self) {
        if let Some((pool, blocks)) = self.0.take() {
            let more = take(&pool, 3 * BATCH);
            give(&pool, blocks);
            give(&pool, more);
            LATE_CALLS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

static LATE_CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static LATE: LateCaller = const { LateCaller(RefCell::new(None)) };
}

#[test]
fn a_thread_local_destructor_may_allocate_and_free() {
    let pool = Arc::new(pool::<TaggedWide>());
    for registered_first in [true, false].repeat(20) {
        let shared = Arc::clone(&pool);
        let run = move || {
            // Destructors run in the order of first use, or against it: both are had.
            if registered_first {
                LATE.with(|_| ());
            }
            let blocks = take(&shared, BATCH);
            LATE.with(|late| *late.0.borrow_mut() = Some((shared, blocks)));
        };
        thread::spawn(run).join().unwrap();
    }
    assert_eq!(LATE_CALLS.load(Ordering::Relaxed), 40);
    let mut pool = Arc::into_inner(pool).expect("all threads have ended");
    assert_eq!(pool.stats().slots, 2, "nobody attached twice");
    let (census, stats) = (pool.census(), pool.stats());
    assert_eq!(census.free_blocks(), stats.carved_blocks);
}

#[test]
fn ten_thousand_threads_leave_the_blocks_of_the_start() {
    let pool = Arc::new(pool::<TaggedWide>());
    let run = |count: usize| {
        for _ in 0..count {
            let shared = Arc::clone(&pool);
            thread::spawn(move || give(&shared, take(&shared, 3))).join().unwrap();
        }
    };
    run(1);
    let (carved, slots) = (pool.stats().carved_blocks, pool.stats().slots);
    run(common::often(10_000, 20));
    assert_eq!((pool.stats().carved_blocks, pool.stats().slots), (carved, slots));
}

#[test]
fn frees_go_on_when_there_is_no_memory_for_a_slot() {
    // Room for the first two slots and a chunk, and for nothing else.
    let mut buffer = [MaybeUninit::<u8>::uninit(); 1 << 13];
    let start = NonNull::from(&mut buffer[..]).cast();
    // SAFETY: `end` below gives the buffer up before it is gone, and nobody else uses it.
    let source = unsafe { BufferSource::from_raw_parts(start, buffer.len()) };
    let builder = Pool::builder(LAYOUT).batch(4).chunk_blocks(8).source(source);
    let mut pool = builder.build_thread_local().unwrap();
    let mut blocks = Vec::new();
    let refused = loop {
        match pool.allocate() {
            Ok(block) => blocks.push(block),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AllocError::OutOfMemory);
    let pool_ref = &pool;
    thread::scope(|threads| {
        let threads: Vec<_> = core::iter::from_fn(|| {
            let some: Vec<Block> = blocks.drain(..blocks.len().min(5)).collect();
            (!some.is_empty()).then_some(some)
        })
        .map(|some| threads.spawn(move || give(pool_ref, some)))
        .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert_all_free(&mut pool);
    pool.end();
}

#[test]
fn a_sealed_pool_still_serves_threads_without_a_slot_of_their_own() {
    with_every_strategy!(seal_before_use);
}

fn seal_before_use<S: Strategy>() {
    let mut pool = pool::<S>();
    pool.seal().unwrap();
    assert_eq!(pool.allocate(), Err(AllocError::Sealed), "there is no block, but a slot to share");
    pool = self::pool::<S>();
    pool.prefill(10 * BATCH, 0).unwrap();
    pool.seal().unwrap();
    let shared = &pool;
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(move || {
                (0..common::often(100, 5)).for_each(|_| give(shared, take(shared, 2)))
            });
        }
    });
    assert_all_free(&mut pool);
}

#[test]
fn sharing_is_as_the_pool_says() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<ThreadLocalPool>();
    let _: Block = pool::<TaggedWide>().allocate().unwrap();
}

/// A thread builds a pool, and with it the fallback cache, which threads without a cache of their
/// own share. The end of that thread takes back its own blocks, and not those of the fallback cache.
#[test]
fn the_shared_cache_does_not_end_with_the_thread_that_made_it() {
    for _ in 0..common::often(50, 3) {
        let (ended, attached) = (Arc::new(Barrier::new(2)), mpsc::channel());
        let (together, send) = (Arc::clone(&ended), attached.0);
        let first = thread::spawn(move || {
            let builder = Pool::builder(LAYOUT).batch(64).threads(StdThreads);
            let pool = Arc::new(builder.build_thread_local().unwrap());
            pool.prefill(256, 0).unwrap();
            pool.seal().unwrap();
            send.send(Arc::clone(&pool)).unwrap();
            drop(pool);
            together.wait();
        });
        let pool = attached.1.recv().unwrap();
        let users: Vec<_> = (0..3)
            .map(|_| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || {
                    for _ in 0..common::often(3000, 30) {
                        let Ok(block) = pool.allocate() else { continue };
                        // SAFETY: a word of a block that is ours.
                        let word = unsafe { block.cast::<AtomicUsize>().as_ref() };
                        word.store(0, Ordering::Relaxed);
                        assert_eq!(word.fetch_add(1, Ordering::Relaxed), 0, "two have it");
                        // SAFETY: live, and freed once.
                        unsafe { pool.deallocate(block) };
                    }
                })
            })
            .collect();
        ended.wait();
        first.join().unwrap();
        users.into_iter().for_each(|user| user.join().unwrap());
        let mut pool = Arc::into_inner(pool).expect("all have ended");
        assert_all_free(&mut pool);
    }
}

/// A buffer may be used again once its pool has ended, whatever threads are still about to end.
#[test]
fn an_end_waits_for_threads_that_are_ending() {
    let batch = common::often(1 << 10, 1 << 4);
    let layout = Layout::from_size_align(batch << 10, 64).unwrap();
    for _ in 0..common::often(100, 3) {
        // SAFETY: the size is not zero.
        let buffer = NonNull::new(unsafe { std::alloc::alloc(layout) }).expect("memory");
        // SAFETY: nobody else uses the buffer until the pool has ended.
        let source = unsafe { BufferSource::from_raw_parts(buffer, layout.size()) };
        let builder = Pool::builder(LAYOUT).batch(batch).source(source);
        let pool = builder.build_thread_local().unwrap();
        thread::scope(|threads| {
            for _ in 0..3 {
                // Not joined: a scope does not wait for thread-local destructors.
                threads.spawn(|| give(&pool, take(&pool, batch)));
            }
        });
        pool.end();
        // SAFETY: the pool has ended.
        unsafe { buffer.write_bytes(0xAB, layout.size()) };
        thread::yield_now();
        // SAFETY: written just now.
        let bytes = unsafe { core::slice::from_raw_parts(buffer.as_ptr(), layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == 0xAB), "a thread's end wrote to it");
        // SAFETY: allocated with this layout.
        unsafe { std::alloc::dealloc(buffer.as_ptr(), layout) };
    }
}
