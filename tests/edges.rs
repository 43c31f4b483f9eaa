//! Settings of a builder in any order, and cases that meet a limit exactly.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::panic::catch_unwind;
use std::sync::{Arc, Barrier};

use stampool::source::CountingSource;
use stampool::{
    BufferSource, BuildError, EpochDeferred, LivePolicy, Locked, ObjectPool, Pool, Source,
    StampedPool,
};

#[test]
fn a_read_whose_turn_ends_meanwhile_says_nothing() {
    let pool = StampedPool::new(|| AtomicU64::new(0)).unwrap();
    let local = pool.local().unwrap();
    let name = local.allocate_with(|value, _| value.store(1, Relaxed)).unwrap();
    assert_eq!(pool.read(name, |value| value.load(Relaxed)), Some(1));
    let seen = pool.read(name, |value| {
        local.free(name).unwrap();
        local.allocate_with(|value, _| value.store(2, Relaxed)).unwrap();
        value.load(Relaxed)
    });
    assert_eq!(seen, None, "of another turn");
}

#[test]
fn the_last_byte_of_a_buffer_counts() {
    let mut memory = [MaybeUninit::<u8>::uninit(); 8];
    let base = NonNull::from(&mut memory).cast();
    // SAFETY: the array outlives the source, and nobody else uses it.
    let mut source = unsafe { BufferSource::from_raw_parts(base, 8) };
    let layout = Layout::from_size_align(8, 1).unwrap();
    assert_eq!(source.obtain(layout), Some(base));
    assert_eq!((source.remaining(), source.obtain(Layout::new::<u8>())), (0, None));
}

#[test]
fn a_demand_made_before_the_strategy_is_chosen_stands() {
    let builder = Pool::builder(Layout::new::<u64>()).strict_lock_free();
    let built = builder.strategy::<Locked>().build();
    assert_eq!(built.err(), Some(BuildError::NotLockFree { strategy: "Locked" }));
    let limbo = Pool::builder(Layout::new::<u64>()).limbo_magazines(5000);
    let built = limbo.strategy::<EpochDeferred>().checked().build().err();
    assert_eq!(built, Some(BuildError::LimboMagazines { requested: 5000, limit: 1024 }));
}

#[test]
fn a_make_after_a_keep_keeps_nothing() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let builder = ObjectPool::<Vec<u8>>::builder().keep(Vec::new, |_| ());
    let pool = builder
        .make(move || {
            count.fetch_add(1, Relaxed);
            Vec::new()
        })
        .build()
        .unwrap();
    pool.get().unwrap().push(7);
    assert!(pool.get().unwrap().is_empty(), "what the last user has left");
    assert_eq!(made.load(Relaxed), 2, "each time anew");
}

#[test]
fn blocks_of_all_chunks_have_names_of_their_own() {
    let pool = Pool::builder(Layout::new::<[u64; 3]>()).batch(2).chunk_blocks(2).checked().build();
    let pool = pool.unwrap();
    let local = pool.local().unwrap();
    let blocks: Vec<_> = (0..8).map(|_| local.allocate().unwrap()).collect();
    let mut said: Vec<String> = Vec::new();
    for &block in &blocks {
        // SAFETY: inside the block.
        let inside = unsafe { block.as_non_null().add(1) };
        // SAFETY: none: it is no start of a block, and a checked pool says so.
        let free = AssertUnwindSafe(|| unsafe { local.deallocate(inside.into()) });
        let panic = catch_unwind(free);
        said.push(panic.unwrap_err().downcast_ref::<String>().unwrap().clone());
    }
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 8, "{said:#?}");
    assert!(said[7].contains("block #7 of"), "{said:#?}");
    for block in blocks {
        // SAFETY: live, and freed once.
        unsafe { local.deallocate(block) };
    }
}

#[test]
fn handles_alone_are_there_from_the_start() {
    let pool = ObjectPool::<u64>::builder().handles(3).build().unwrap();
    let stats = pool.stats();
    assert!(stats.slots > 3, "three, and the fallback cache: {stats:?}");
}

#[test]
fn a_prefilled_pool_has_a_cache_for_each_thread() {
    let source = CountingSource::default();
    let counts = source.counts();
    let builder = Pool::builder(Layout::new::<u64>()).batch(4).source(source);
    let pool = builder.build_thread_local().unwrap();
    pool.prefill(40, 3).unwrap();
    let before = counts.calls();
    let all = Barrier::new(3);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                let block = pool.allocate().unwrap();
                all.wait();
                // SAFETY: live, and freed once.
                unsafe { pool.deallocate(block) };
                all.wait();
            });
        }
    });
    assert_eq!(counts.calls(), before, "the source was asked again: {:?}", pool.stats());
}

#[test]
fn a_policy_stands_when_the_strategy_is_chosen_later() {
    let builder = ObjectPool::<u64>::builder().when_dropped(LivePolicy::Panic);
    let pool = builder.strategy::<Locked>().build().unwrap();
    core::mem::forget(pool.create(1).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pool))).is_err(), "one is live");
}
