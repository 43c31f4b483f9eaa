//! The strategies that defer reuse: what a thread that sleeps in an exchange costs the others, and
//! what waits meanwhile.

mod common;

use core::ptr::NonNull;
use std::sync::mpsc;
use std::thread;

use common::sleeper::{BATCH, beside_a_sleeper, builder, layout, rounds, waits};
use common::{LiveBlocks, with_every_strategy};
use stampool::source::{CountingSource, FailingSource};
use stampool::{
    AllocError, BufferSource, BuildError, EpochDeferred, Pool, Quiescent, Stats, Strategy,
};

fn a_sleeper_stops_nobody<S: Strategy>(limbo: usize) {
    let mut pool = builder::<S>().limbo_magazines(limbo).build().unwrap();
    let producer = pool.local().unwrap();
    let consumer = pool.local().unwrap();
    let both = (&producer, &consumer);
    let before = rounds(&pool, both, 1000);

    let during = beside_a_sleeper(&pool, || {
        let first = rounds(&pool, both, 3000);
        let then = rounds(&pool, both, 3000);
        assert!(then.overflows > first.overflows, "the lock is the way: {first:?}, {then:?}");
        assert_eq!(then.magazines, first.magazines, "however long it sleeps");
        assert_eq!(then.carved_blocks, first.carved_blocks);
        then
    });
    let limit = if waits::<S>() { 3 * limbo } else { 0 };
    assert_eq!((during.slots, during.limbo_limit), (3, limit));
    assert_eq!(during.limbo_magazines, limit, "everything that may wait does");
    // At most a batch is live, and three handles were there.
    assert!(during.carved_blocks <= BATCH + 3 * 3 * BATCH + BATCH, "{during:?}");
    let chunk_ends = during.chunks;
    let slots = during.slots + during.limbo_limit;
    assert!(during.magazines <= during.carved_blocks / BATCH + chunk_ends + slots, "{during:?}");

    // What waited lands, and the exchanges leave the lock.
    let awake = rounds(&pool, both, 1000);
    let later = rounds(&pool, both, 3000);
    assert_eq!(later.magazines, during.magazines);
    assert_eq!(later.carved_blocks, during.carved_blocks);
    if limbo > 0 || !waits::<S>() {
        assert!(later.limbo_magazines <= limit.min(8), "it has landed: {later:?}");
        assert_eq!(later.overflows, awake.overflows, "nothing goes through the lock any more");
    }
    // A limbo for a magazine or two is full now and then without anyone's help.
    if limbo >= 16 {
        assert_eq!(before.overflows, 0, "nor did it before");
    }

    let carved = later.carved_blocks;
    drop((producer, consumer));
    assert_eq!(pool.census().free_blocks(), carved, "conservation");
    assert_eq!(pool.stats().limbo_magazines, 0, "nobody looks, so nothing waits");
}

#[test]
fn a_sleeper_in_epoch_deferred_stops_nobody() {
    let limbos: &[usize] = if cfg!(miri) { &[1, 16] } else { &[1, 2, 16, 100, 1024] };
    for &limbo in limbos {
        a_sleeper_stops_nobody::<EpochDeferred>(limbo);
    }
}

#[test]
fn a_sleeper_in_quiescent_stops_nobody() {
    a_sleeper_stops_nobody::<Quiescent>(16);
}

#[test]
fn without_a_limbo_every_exchange_goes_through_the_lock() {
    a_sleeper_stops_nobody::<EpochDeferred>(0);
    a_sleeper_stops_nobody::<Quiescent>(0);
    let pool = builder::<EpochDeferred>().limbo_magazines(0).build().unwrap();
    let (producer, consumer) = (pool.local().unwrap(), pool.local().unwrap());
    let stats = rounds(&pool, (&producer, &consumer), 1000);
    assert!(stats.overflows >= 990, "{stats:?}");
}

/// The same with all threads at work at once.
fn a_sleeper_beside_threads<S: Strategy>() {
    const BLOCKS: usize = common::often(200_000, 1000);
    let mut pool = builder::<S>().build().unwrap();
    beside_a_sleeper(&pool, || {
        thread::scope(|threads| {
            let (send, receive) = mpsc::sync_channel(64);
            let pool = &pool;
            let consumer = threads.spawn(move || {
                let local = pool.local().unwrap();
                for block in receive.into_iter() {
                    // SAFETY: sent by its owner, and freed once.
                    unsafe { local.deallocate(block) };
                }
            });
            threads.spawn(move || {
                let local = pool.local().unwrap();
                for _ in 0..BLOCKS {
                    let block = local.allocate().expect("a sleeper keeps no block");
                    send.send(block).unwrap();
                }
            });
            while !consumer.is_finished() {
                let stats = pool.stats();
                assert!(stats.limbo_magazines <= stats.limbo_limit, "{stats:?}");
                thread::yield_now();
            }
        });
    });
    let stats = pool.stats();
    assert!(stats.overflows > 0);
    assert!(stats.limbo_magazines <= stats.limbo_limit);
    assert!(stats.carved_blocks <= 64 + 2 + 3 * 3 * BATCH + BATCH, "{stats:?}");
    assert_eq!(pool.census().free_blocks(), stats.carved_blocks);
}

#[test]
fn threads_at_work_beside_a_sleeper_lose_nothing() {
    with_every_strategy!(a_sleeper_beside_threads: EpochDeferred, Quiescent);
}

/// A thread that is held up may still use its handle, and be held up again in the middle.
fn a_sleeper_may_work<S: Strategy>() {
    let mut pool = builder::<S>().build().unwrap();
    let (local, other) = (pool.local().unwrap(), pool.local().unwrap());
    local.linger(|| {
        rounds(&pool, (&local, &other), 500);
        local.linger(|| _ = rounds(&pool, (&other, &local), 500));
    });
    rounds(&pool, (&local, &other), 500);
    let carved = pool.stats().carved_blocks;
    drop((local, other));
    assert_eq!(pool.census().free_blocks(), carved);
}

#[test]
fn a_sleeper_may_use_its_own_handle() {
    with_every_strategy!(a_sleeper_may_work: EpochDeferred, Quiescent);
}

#[test]
fn a_limbo_above_the_limit_is_refused_and_the_largest_is_not() {
    for requested in [1025, usize::MAX] {
        let built = builder::<EpochDeferred>().limbo_magazines(requested).build();
        assert_eq!(built.err(), Some(BuildError::LimboMagazines { requested, limit: 1024 }));
    }
    for magazines in [0, 1024] {
        let pool = builder::<EpochDeferred>().limbo_magazines(magazines).build().unwrap();
        let local = pool.local().unwrap();
        assert!(local.allocate().is_ok());
        let stats = pool.stats();
        assert_eq!((stats.limbo_limit, stats.magazines), (magazines, 1 + 1 + magazines));
    }
    // What has no limbo takes no notice.
    for magazines in [0, 1024, usize::MAX] {
        let pool = builder::<Quiescent>().limbo_magazines(magazines).build().unwrap();
        let local = pool.local().unwrap();
        assert!(local.allocate().is_ok());
        assert_eq!((pool.stats().limbo_limit, pool.stats().magazines), (0, 2));
    }
}

fn strict_is_refused<S: Strategy>() {
    let built = builder::<S>().strict_lock_free().build();
    assert_eq!(built.err(), Some(BuildError::NotLockFree { strategy: S::NAME }));
    assert!(!builder::<S>().build().unwrap().stats().lock_free);
}

#[test]
fn strict_refuses_both() {
    with_every_strategy!(strict_is_refused: EpochDeferred, Quiescent);
}

/// A refusal is a call too.
fn but_for_calls(mut stats: Stats) -> Stats {
    stats.source_calls = 0;
    stats
}

/// A pool of the largest batch, and the largest limbo, on `len` bytes: it builds, and the first
/// handle has no room.
fn the_largest_slot_on_a_buffer<S: Strategy>(len: usize) {
    let mut memory = Box::<[u8]>::new_uninit_slice(len);
    let base = NonNull::from(&mut memory[..]).cast();
    // SAFETY: the vector outlives the pool and is used by nobody else.
    let source = unsafe { BufferSource::from_raw_parts(base, len) };
    let pool = builder::<S>().batch(1 << 16).limbo_magazines(1024).source(source).build().unwrap();
    let before = but_for_calls(pool.stats());
    for _ in 0..3 {
        assert_eq!(pool.local().err(), Some(AllocError::OutOfMemory));
        assert_eq!(but_for_calls(pool.stats()), before, "as it was");
    }
    assert_eq!((before.regions, before.magazines, before.attached), (0, 0, 0));
}

#[test]
fn a_slot_that_does_not_fit_leaves_the_pool_as_it_was() {
    // The array of the slot alone has 2^17 pointers.
    for len in [0, 1, 64, 4096, size_of::<usize>() << 17] {
        the_largest_slot_on_a_buffer::<EpochDeferred>(len);
        the_largest_slot_on_a_buffer::<Quiescent>(len);
    }
}

/// The source's room ends between one slot and the next, and between a slot and a chunk.
fn a_second_slot_that_does_not_fit<S: Strategy>() {
    for fail_at in 0..6 {
        let meter = CountingSource::new(FailingSource::default().refuse_at(fail_at));
        let counts = meter.counts();
        let mut pool = builder::<S>().chunk_blocks(BATCH).source(meter).build().unwrap();
        let mut failures = 0;
        {
            let mut handles = Vec::new();
            let mut live_blocks = LiveBlocks::default();
            while handles.len() < 3 || live_blocks.live() < 2 * BATCH {
                let before = pool.stats();
                let failed = if handles.len() < 3 {
                    pool.local().map(|local| handles.push(local)).err()
                } else {
                    let block = handles[live_blocks.live() % 3].allocate();
                    block.map(|block| live_blocks.allocated(block, layout())).err()
                };
                if let Some(error) = failed {
                    assert_eq!(error, AllocError::OutOfMemory);
                    assert_eq!(but_for_calls(pool.stats()), but_for_calls(before), "as it was");
                    failures += 1;
                }
            }
            rounds(&pool, (&handles[0], &handles[1]), 100);
            for block in live_blocks.blocks() {
                // SAFETY: live, and freed once.
                unsafe { handles[2].deallocate(block) };
            }
        }
        let stats = pool.stats();
        // For want of a chunk a smaller one is asked for.
        assert_eq!(failures, usize::from(fail_at < 3), "call {fail_at}");
        assert_eq!(stats.limbo_limit, if waits::<S>() { 3 * 16 } else { 0 });
        assert_eq!(pool.census().free_blocks(), stats.carved_blocks);
        drop(pool);
        assert_eq!(counts.obtained(), counts.released());
    }
}

#[test]
fn a_source_that_fails_once_leaves_the_pool_as_it_was() {
    with_every_strategy!(a_second_slot_that_does_not_fit: EpochDeferred, Quiescent);
}

/// Everything is in the buffer, and goes round in it beside a sleeper.
fn on_a_buffer<S: Strategy>() {
    let mut memory = Box::<[u8]>::new_uninit_slice(32 << 10);
    let all = memory.as_mut_ptr_range();
    let inside = all.start.addr()..all.end.addr();
    let base = NonNull::from(&mut memory[..]).cast();
    // SAFETY: the vector outlives the pool and is used by nobody else.
    let source = unsafe { BufferSource::from_raw_parts(base, 32 << 10) };
    let mut pool = builder::<S>().source(source).build().unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let full = beside_a_sleeper(&pool, || {
        let mut live_blocks = LiveBlocks::default();
        while let Ok(block) = one.allocate() {
            assert!(inside.contains(&block.as_non_null().addr().get()));
            live_blocks.allocated(block, layout());
        }
        for block in live_blocks.blocks() {
            // SAFETY: live, and freed once.
            unsafe { other.deallocate(block) };
        }
        rounds(&pool, (&one, &other), 2000)
    });
    assert!(full.carved_blocks > 100, "{full:?}");
    assert!(full.source_bytes <= 32 << 10);
    let later = rounds(&pool, (&other, &one), 2000);
    assert_eq!((later.carved_blocks, later.magazines), (full.carved_blocks, full.magazines));
    drop((one, other));
    assert_eq!(pool.census().free_blocks(), full.carved_blocks);
}

#[test]
fn a_pool_on_a_buffer_goes_on_beside_a_sleeper() {
    with_every_strategy!(on_a_buffer: EpochDeferred, Quiescent);
}

/// Two handles that leave with a block each, over and over: the second merges into the first's
/// magazine.
fn leavers<S: Strategy>(pool: &Pool<S>) -> u64 {
    for _ in 0..100 {
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        let blocks = [one.allocate().unwrap(), other.allocate().unwrap()];
        for block in blocks {
            // SAFETY: just allocated, and freed once.
            unsafe { one.deallocate(block) };
        }
    }
    pool.stats().overflows
}

#[test]
fn leavers_that_nobody_holds_up_take_no_lock_under_quiescent() {
    assert_eq!(leavers(&builder::<Quiescent>().build().unwrap()), 0);
}

#[test]
fn leavers_that_nobody_holds_up_count_no_overflow() {
    assert_eq!(leavers(&builder::<EpochDeferred>().build().unwrap()), 0);
}

#[test]
fn a_census_counts_no_overflow() {
    let mut pool = builder::<EpochDeferred>().build().unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    beside_a_sleeper(&pool, || rounds(&pool, (&one, &other), 500));
    drop((one, other));
    let before = pool.stats().overflows;
    pool.census();
    assert_eq!(pool.stats().overflows, before);
}
