//! The strategies that defer reuse: pools, threads and handles end in every order, and all memory
//! goes back.

mod common;

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::{Arc, mpsc};
use std::thread;

use common::sleeper::{BATCH, beside_a_sleeper, builder, rounds, waits};
use common::with_every_strategy;
use stampool::source::{CountingSource, SourceCounts};
use stampool::{Local, Pool, StdThreads, Strategy};

/// What a sleeper that ends by a panic leaves behind.
fn a_panic_in_the_middle<S: Strategy>() {
    let mut pool = builder::<S>().build().unwrap();
    let mut live = Vec::new();
    for round in 0..common::often(50, 4) {
        let died = thread::scope(|threads| {
            let thread = threads.spawn(|| {
                let local = pool.local().unwrap();
                let other = pool.local().unwrap();
                rounds(&pool, (&local, &other), 30);
                let kept = local.allocate().unwrap();
                let fallen = catch_unwind(AssertUnwindSafe(|| {
                    local.linger(|| {
                        rounds(&pool, (&other, &local), 30);
                        panic_quietly();
                    });
                }));
                assert!(fallen.is_err());
                if round % 2 == 0 {
                    return kept;
                }
                // And now the whole thread, with both handles.
                local.linger(|| std::panic::resume_unwind(Box::new(kept)));
                unreachable!("the panic goes on")
            });
            thread.join()
        });
        live.push(died.unwrap_or_else(|payload| *payload.downcast().unwrap()));
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        let stats = rounds(&pool, (&one, &other), 30);
        assert_eq!((stats.slots, stats.attached), (2, 2), "its handles have left");
    }
    let carved = pool.stats().carved_blocks;
    let most_live = live.len() + BATCH;
    assert!(carved <= most_live + 3 * 2 * BATCH + BATCH, "{carved} for {most_live}");
    assert_eq!(pool.census().free_blocks() + live.len(), carved, "nothing lost");
    // Nobody is thought to be looking any more: a while later nothing takes the lock.
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let first = rounds(&pool, (&one, &other), 1000);
    let then = rounds(&pool, (&one, &other), 1000);
    assert_eq!(then.overflows, first.overflows);
    assert!(then.limbo_magazines <= 8, "{then:?}");
}

/// A panic that prints nothing.
fn panic_quietly() {
    std::panic::resume_unwind(Box::new(()));
}

#[test]
fn a_thread_that_dies_in_the_middle_leaves_the_pool_usable() {
    with_every_strategy!(a_panic_in_the_middle: EpochDeferred, Quiescent);
}

/// A metered pool and its counts.
fn metered<S: Strategy>(threads: Option<StdThreads>) -> (Pool<S>, SourceCounts) {
    let meter = CountingSource::default();
    let counts = meter.counts();
    let builder = builder::<S>().source(meter);
    let builder = match threads {
        Some(threads) => builder.threads(threads),
        None => builder,
    };
    (builder.build().unwrap(), counts)
}

/// Fills the limbo as far as it goes, and leaves it so.
fn fill_the_limbo<S: Strategy>(pool: &Pool<S>, both: (&Local<'_, S>, &Local<'_, S>)) {
    let stats = beside_a_sleeper(pool, || rounds(pool, both, 1500));
    assert_eq!(stats.limbo_magazines, stats.limbo_limit);
    let after = pool.stats();
    assert_eq!(after.limbo_magazines > 0, waits::<S>(), "magazines still wait");
}

fn drop_with_magazines_in_limbo<S: Strategy>() {
    let (pool, counts) = metered::<S>(None);
    {
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        fill_the_limbo(&pool, (&one, &other));
        // Forgotten handles stay registered for ever, and hold nothing up.
        core::mem::forget((one, other));
    }
    assert_eq!(pool.stats().limbo_magazines > 0, waits::<S>());
    let obtained = counts.obtained();
    assert!(obtained > 0 && counts.released() == 0, "nothing goes back before");
    drop(pool);
    assert_eq!((counts.obtained(), counts.released()), (obtained, obtained), "each exactly once");
}

#[test]
fn a_pool_dropped_with_magazines_in_limbo_gives_every_region_back_once() {
    with_every_strategy!(drop_with_magazines_in_limbo: EpochDeferred, Quiescent);
}

/// The thread outlives the pool, and ends with a forgotten handle whose standing outlives it too.
/// What waited is at an end with the pool: a region that is gone would be written to otherwise.
fn threads_that_end_after_the_pool<S: Strategy>() {
    let (pool, counts) = metered::<S>(Some(StdThreads));
    let pool = Arc::new(pool);
    let (send, receive) = mpsc::channel::<()>();
    let receive = Arc::new(std::sync::Mutex::new(receive));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (theirs, receive) = (pool.clone(), receive.clone());
            thread::spawn(move || {
                let (one, other) = (theirs.local().unwrap(), theirs.local().unwrap());
                rounds(&theirs, (&one, &other), 200);
                core::mem::forget((one, other));
                drop(theirs);
                // Until all are to end.
                _ = receive.lock().unwrap().recv();
            })
        })
        .collect();
    while Arc::strong_count(&pool) > 1 {
        thread::yield_now();
    }
    assert_eq!(counts.released(), 0);
    drop(pool);
    let obtained = counts.obtained();
    assert_eq!(counts.released(), obtained);
    drop(send);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((counts.obtained(), counts.released()), (obtained, obtained), "nothing runs late");
}

#[test]
fn threads_with_forgotten_handles_may_end_after_their_pool() {
    with_every_strategy!(threads_that_end_after_the_pool: EpochDeferred, Quiescent);
}

/// Threads that end before the pool, with forgotten handles: their blocks come back.
fn threads_that_end_before_the_pool<S: Strategy>() {
    let (mut pool, counts) = metered::<S>(Some(StdThreads));
    for _ in 0..5 {
        beside_a_sleeper(&pool, || {
            thread::scope(|threads| {
                let thread = threads.spawn(|| {
                    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
                    rounds(&pool, (&one, &other), 200);
                    core::mem::forget((one, other));
                });
                thread.join().unwrap();
            });
        });
    }
    let stats = pool.stats();
    // Ten forgotten handles keep their slots; the sleepers share one.
    assert_eq!((stats.slots, stats.attached), (11, 10));
    assert!(stats.limbo_magazines <= stats.limbo_limit);
    assert!(stats.carved_blocks <= BATCH + 3 * 11 * BATCH + BATCH, "{stats:?}");
    let census = pool.census();
    assert_eq!((census.cached_blocks, census.free_blocks()), (0, stats.carved_blocks));
    drop(pool);
    assert_eq!(counts.obtained(), counts.released());
}

#[test]
fn blocks_of_forgotten_handles_come_back_when_their_threads_end() {
    with_every_strategy!(threads_that_end_before_the_pool: EpochDeferred, Quiescent);
}
