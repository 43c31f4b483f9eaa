//! A pool gives all heap memory back: its own, its source's, and its reclaimer's. A counting
//! allocator checks that, so this file is a program of its own with a single test, because nothing
//! else may allocate meanwhile.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::alloc::System;
use std::sync::mpsc;
use std::thread;

use stampool::raw::each_strategy;
use stampool::{EpochDeferred, Local, Pool, Quiescent, StdThreads, Strategy, TaggedWide};

/// The system's allocator, counted.
struct Counting;

/// Allocations that have not been freed.
static LIVE: AtomicIsize = AtomicIsize::new(0);
/// Their sizes and alignments, by the layouts that were said.
static LAYOUTS: AtomicIsize = AtomicIsize::new(0);

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(1, Relaxed);
        LAYOUTS.fetch_add((layout.size() + layout.align()).cast_signed(), Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(1, Relaxed);
        LAYOUTS.fetch_sub((layout.size() + layout.align()).cast_signed(), Relaxed);
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` leaves behind, once it has been done before: threads and channels keep some for
/// good.
fn left_behind(work: impl Fn()) -> isize {
    for _ in 0..3 {
        work();
    }
    let before = LIVE.load(Relaxed);
    for _ in 0..10 {
        work();
    }
    LIVE.load(Relaxed) - before
}

fn pool<S: Strategy>() -> Pool<S> {
    let layout = Layout::new::<[u64; 8]>();
    Pool::builder(layout).strategy::<S>().batch(4).threads(StdThreads).build().unwrap()
}

/// Blocks go from one handle to the other.
fn exchange<S: Strategy>(from: &Local<'_, S>, to: &Local<'_, S>) {
    for _ in 0..200 {
        let blocks: [_; 5] = core::array::from_fn(|_| from.allocate().unwrap());
        for block in blocks {
            // SAFETY: just allocated, and freed once.
            unsafe { to.deallocate(block) };
        }
    }
}

/// Threads come, exchange beside a sleeper, and go; magazines are in limbo when the pool is
/// dropped.
fn threads_and_a_sleeper<S: Strategy>() {
    let pool = &pool::<S>();
    thread::scope(|threads| {
        let (asleep, is_asleep) = mpsc::channel();
        let (wake, woken) = mpsc::channel::<()>();
        let sleeper = threads.spawn(move || {
            pool.local().unwrap().linger(|| {
                asleep.send(()).unwrap();
                _ = woken.recv();
            });
        });
        is_asleep.recv().unwrap();
        let (send, receive) = mpsc::sync_channel(16);
        let consumer = threads.spawn(move || {
            let local = pool.local().unwrap();
            for block in receive {
                // SAFETY: sent by its owner, and freed once.
                unsafe { local.deallocate(block) };
            }
        });
        let producer = threads.spawn(move || {
            let local = pool.local().unwrap();
            for _ in 0..2000 {
                send.send(local.allocate().unwrap()).unwrap();
            }
        });
        // By hand: a scope may end before its threads have given everything back.
        producer.join().unwrap();
        consumer.join().unwrap();
        drop(wake);
        sleeper.join().unwrap();
    });
}

/// All on one thread, with many handles one after the other.
fn handles_that_come_and_go<S: Strategy>() {
    let mut pool = pool::<S>();
    for _ in 0..20 {
        let (one, other, third) =
            (pool.local().unwrap(), pool.local().unwrap(), pool.local().unwrap());
        third.linger(|| exchange(&one, &other));
        exchange(&other, &third);
    }
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
}

/// A pool that nobody ever joins, and one without a block.
fn pools_without_work<S: Strategy>() {
    drop(pool::<S>());
    drop(pool::<S>().local().unwrap());
}

fn every_way<S: Strategy>() {
    assert_eq!(left_behind(pools_without_work::<S>), 0, "{}", S::NAME);
    assert_eq!(left_behind(handles_that_come_and_go::<S>), 0, "{}", S::NAME);
    assert_eq!(left_behind(threads_and_a_sleeper::<S>), 0, "{}", S::NAME);
}

/// Forgotten handles: what they themselves hold is lost, however much went through them.
fn forgotten<S: Strategy>(exchanges: usize) -> isize {
    left_behind(|| {
        let pool = pool::<S>();
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        for _ in 0..exchanges {
            exchange(&one, &other);
        }
        core::mem::forget((one, other));
    })
}

/// One thread uses pools that are dropped, one after the other, and lives on: what it keeps of each
/// must not add up. Beside the last pool, whose leavings go when the next one comes, it keeps
/// nothing.
fn pools_that_one_thread_outlives<S: Strategy>() -> isize {
    let layout = Layout::new::<[u64; 8]>();
    let used = move || {
        let builder = Pool::builder(layout).strategy::<S>().batch(4).threads(StdThreads);
        let pool = builder.build_thread_local().unwrap();
        let block = pool.allocate().unwrap();
        // SAFETY: just allocated, and freed once.
        unsafe { pool.deallocate(block) };
        // One that asks to be told of the thread's end.
        drop(pool.local().unwrap());
        pool
    };
    thread::spawn(move || {
        let one_by_one = left_behind(|| drop(used()));
        let before = LIVE.load(Relaxed);
        // Many at a time, which all have places of their own in the thread, and then one.
        drop((0..10).map(|_| used()).collect::<Vec<_>>());
        drop(used());
        one_by_one + LIVE.load(Relaxed) - before
    })
    .join()
    .unwrap()
}

/// As [`pools_that_one_thread_outlives`], where so many pools live that the further ones share a
/// place in the thread.
fn pools_beyond_the_places_that_one_thread_outlives() -> isize {
    const PLACES: usize = 4096;
    let pool = || Pool::builder(Layout::new::<u64>()).batch(1).build_thread_local().unwrap();
    let living: Vec<_> = (0..PLACES).map(|_| pool()).collect();
    let left = thread::spawn(move || {
        left_behind(|| {
            let pool = pool();
            let block = pool.allocate().unwrap();
            // SAFETY: just allocated, and freed once.
            unsafe { pool.deallocate(block) };
        })
    });
    let left = left.join().unwrap();
    drop(living);
    left
}

/// What a region of several huge pages leaves of sizes and alignments.
fn layouts_of_a_large_region() -> isize {
    let before = LAYOUTS.load(Relaxed);
    let pool = Pool::builder(Layout::new::<[u8; 4096]>()).chunk_blocks(1500).build().unwrap();
    pool.prefill(1, 1).unwrap();
    assert!(pool.stats().source_bytes > 4 << 20);
    drop(pool);
    LAYOUTS.load(Relaxed) - before
}

#[test]
fn a_dropped_pool_leaves_nothing_on_the_heap() {
    each_strategy!(S => every_way::<S>());
    assert_eq!(pools_that_one_thread_outlives::<TaggedWide>(), 0, "a thread keeps dropped pools");
    assert_eq!(
        pools_that_one_thread_outlives::<EpochDeferred>(),
        0,
        "a thread keeps dropped pools"
    );
    assert_eq!(forgotten::<TaggedWide>(1), 0);
    assert_eq!(forgotten::<Quiescent>(1), 0);
    // Ten pools, two standings each: themselves, the collector, and up to a bag of 64 nodes of its
    // queue each. That is what `forget` forgets, and it does not grow with what went through.
    for exchanges in [1, 20, 60] {
        let left = forgotten::<EpochDeferred>(exchanges);
        assert!(left <= 10 * 2 * (2 + 64), "{left} after {exchanges}");
    }
    assert_eq!(layouts_of_a_large_region(), 0, "memory went back with another layout");
    let left = pools_beyond_the_places_that_one_thread_outlives();
    assert_eq!(left, 0, "a thread keeps pools that have no place");
}
