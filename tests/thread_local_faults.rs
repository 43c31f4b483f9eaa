//! Thread-local pools whose source refuses, whose threads call while another thread holds a lock,
//! and which are forked.

mod common;

use core::alloc::Layout;
use core::time::Duration;
use std::sync::{Arc, mpsc};
use std::thread;

use stampool::source::{CountingSource, FailingSource};
use stampool::{Block, BuildError, Pool, ThreadLocalPool};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

/// How long a call may take that is not to wait for anything, before the test calls it stuck.
const STUCK: Duration = Duration::from_secs(20);

fn give(pool: &ThreadLocalPool, block: Block) {
    // SAFETY: each caller took the block from this pool, and gives it back once.
    unsafe { pool.deallocate(block) };
}

/// The source refuses one request, whichever it is, and serves all others. The block comes from an
/// explicit handle, so that the thread need not have a cache of its own when it frees the block.
#[test]
fn a_free_succeeds_whichever_request_the_source_refused() {
    let mut refused_at_build = 0;
    for refused in 0..8 {
        let meter = CountingSource::new(FailingSource::default().refuse_at(refused));
        let builder = Pool::builder(LAYOUT).batch(2).chunk_blocks(2).source(meter);
        let mut pool = match builder.build_thread_local() {
            Ok(pool) => pool,
            Err(error) => {
                assert!(matches!(error, BuildError::Fill { .. }), "{error}");
                refused_at_build += 1;
                continue;
            }
        };
        let mut blocks = Vec::new();
        for _ in 0..3 {
            if let Ok(local) = pool.local() {
                blocks.extend(core::iter::from_fn(|| local.allocate().ok()).take(2));
            }
        }
        assert!(blocks.len() >= 4, "one refusal costs one round at most");
        blocks.into_iter().for_each(|block| give(&pool, block));
        let census = pool.census();
        assert_eq!(census.free_blocks(), pool.stats().carved_blocks, "{census:?}");
    }
    assert_eq!(refused_at_build, 1, "the cache that threads share");
}

/// While one thread holds all locks of a pool, another thread uses more pools by turns than have a
/// place of their own.
#[test]
fn a_thread_with_a_cache_of_its_own_takes_no_lock() {
    let pools: Vec<ThreadLocalPool> =
        (0..150).map(|_| Pool::builder(LAYOUT).batch(4).build_thread_local().unwrap()).collect();
    let pools = &pools;
    let go_round = move || {
        for pool in pools.iter().chain(pools.iter().rev()) {
            let block = pool.allocate().unwrap();
            give(pool, block);
        }
    };
    thread::scope(|threads| {
        let ((ask, asked), (answer, answered)) = (mpsc::channel(), mpsc::channel());
        threads.spawn(move || {
            go_round();
            answer.send(()).unwrap();
            for () in asked {
                go_round();
                answer.send(()).unwrap();
            }
        });
        answered.recv().unwrap();
        let mut locked = pools.iter().step_by(10);
        hold_all(&mut locked, &mut || {
            ask.send(()).unwrap();
            let in_time = answered.recv_timeout(STUCK);
            assert!(in_time.is_ok(), "a thread with a cache waits for a lock");
        });
        drop(ask);
    });
}

/// Runs `f` while the growth lock and the lock of the shared cache of each pool are held.
fn hold_all(pools: &mut dyn Iterator<Item = &ThreadLocalPool>, f: &mut dyn FnMut()) {
    match pools.next() {
        Some(pool) => pool.without_growth(|| hold_all(pools, f)),
        None => f(),
    }
}

#[test]
fn more_pools_than_places_keep_their_blocks_apart() {
    let pools: Vec<_> = (0..200)
        .map(|_| Arc::new(Pool::builder(LAYOUT).batch(2).build_thread_local().unwrap()))
        .collect();
    let mut taken: Vec<_> = pools.iter().map(|_| Vec::new()).collect();
    for round in 0..5 {
        for (pool, blocks) in pools.iter().zip(&mut taken) {
            blocks.extend((0..=round).map(|_| pool.allocate().unwrap()));
        }
    }
    for (pool, blocks) in pools.iter().zip(taken) {
        assert_eq!(pool.stats().slots, 2, "one for the thread, one to share");
        blocks.into_iter().for_each(|block| give(pool, block));
    }
    for pool in pools {
        let mut pool = Arc::into_inner(pool).unwrap();
        assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
    }
}

/// Three threads use the pool all the time; a child that one of them makes at any moment finds no
/// lock that was caught.
#[cfg(unix)]
#[test]
fn a_child_of_a_sealed_pool_waits_for_no_lock() {
    use core::sync::atomic::{AtomicBool, Ordering};

    use common::forks::{Raises, outcome};

    let pool = Pool::builder(LAYOUT).batch(4).build_thread_local().unwrap();
    pool.prefill(200, 8).unwrap();
    pool.seal().unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let local = pool.local().unwrap();
                    let block = local.allocate().unwrap();
                    // SAFETY: just allocated there.
                    unsafe { local.deallocate(block) };
                    give(&pool, pool.allocate().unwrap());
                }
            });
        }
        // Raised where the fork fails, too: the threads would go on for ever.
        let _raises = Raises(&done);
        // SAFETY: the child only uses the pool, and then ends without destructors.
        let fork = || unsafe { libc::fork() };
        let ended: Result<(), String> =
            (0..200).try_for_each(|_| outcome(STUCK, fork, || use_all_forms(&pool)));
        assert_eq!(ended, Ok(()));
    });
}

/// What a child may do with its copy of a sealed pool.
#[cfg(unix)]
fn use_all_forms(pool: &ThreadLocalPool) {
    let local = pool.local().unwrap();
    let block = local.allocate().unwrap();
    // SAFETY: just allocated there.
    unsafe { local.deallocate(block) };
    give(pool, pool.allocate().unwrap());
    pool.seal().unwrap();
}

/// A fork in `without_growth` must find the lock of the shared cache free, so no other thread may
/// come to it meanwhile.
#[test]
fn without_growth_keeps_threads_out_of_the_shared_cache() {
    let pool = &Pool::builder(LAYOUT).batch(2).build_thread_local().unwrap();
    pool.prefill(8, 0).unwrap();
    pool.seal().unwrap();
    // All slots, so that the other thread finds none.
    let _locals: Vec<_> = core::iter::from_fn(|| pool.local().ok()).collect();
    let (through, is_through) = mpsc::channel();
    thread::scope(|threads| {
        pool.without_growth(|| {
            threads.spawn(move || {
                // It may find nothing there: what counts is that it looked.
                if let Ok(block) = pool.allocate() {
                    give(pool, block);
                }
                through.send(()).unwrap();
            });
            let early = is_through.recv_timeout(Duration::from_millis(200));
            assert!(early.is_err(), "a thread was in the shared cache");
        });
        is_through.recv_timeout(STUCK).expect("the lock is free again");
    });
}
