//! Hard situations: a fork in the middle of a run, a limit that all threads reach at once, more
//! threads than cores. Signal handlers have a test program of their own: `signals`.
#![cfg(unix)]

mod common;

use core::alloc::Layout;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;

use common::forks::{Raises, in_a_fork, in_a_fork_by, outcome};
use common::with_every_strategy;
use stampool::{AllocError, Local, Pool, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
const BATCH: usize = 8;

/// Takes, marks, checks and gives back, so often.
fn churn<S: Strategy>(local: &Local<'_, S>, rounds: usize, most: usize, mark: u64) {
    for round in 0..rounds {
        let mut held = Vec::new();
        for nth in 0..round % most + 1 {
            let Ok(block) = local.allocate() else { break };
            // SAFETY: ours, and of four words.
            unsafe { block.cast::<u64>().write(mark + nth as u64) };
            held.push(block);
        }
        for (nth, block) in held.into_iter().enumerate() {
            // SAFETY: ours, and written above.
            assert_eq!(unsafe { block.cast::<u64>().read() }, mark + nth as u64, "shared");
            // SAFETY: live, and freed once.
            unsafe { local.deallocate(block) };
        }
    }
}

#[test]
fn a_limit_is_never_exceeded_and_later_frees_make_room() {
    with_every_strategy!(reach_the_capacity);
}

fn reach_the_capacity<S: Strategy>() {
    const CAPACITY: usize = 10 * BATCH + 3;
    let builder = Pool::builder(LAYOUT).strategy::<S>().batch(BATCH).max_carved_blocks(CAPACITY);
    let mut pool = builder.build().unwrap();
    let (live, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                let local = pool.local().unwrap();
                for _ in 0..200 {
                    let mut held = Vec::new();
                    let error = loop {
                        match local.allocate() {
                            Ok(block) => held.push(block),
                            Err(error) => break error,
                        }
                        let now = live.fetch_add(1, Ordering::Relaxed) + 1;
                        assert!(now <= CAPACITY, "{now} blocks live");
                    };
                    assert_eq!(error, AllocError::Capacity);
                    refused.fetch_add(1, Ordering::Relaxed);
                    for block in held {
                        live.fetch_sub(1, Ordering::Relaxed);
                        // SAFETY: live, and freed once.
                        unsafe { local.deallocate(block) };
                    }
                }
            });
        }
    });
    assert_eq!(refused.load(Ordering::Relaxed), 8 * 200);
    assert_eq!(pool.stats().carved_blocks, CAPACITY);
    assert_eq!(pool.census().free_blocks(), CAPACITY, "none was lost");
    let local = pool.local().unwrap();
    let all: Vec<_> = core::iter::from_fn(|| local.allocate().ok()).collect();
    assert_eq!(all.len(), CAPACITY, "later frees made room for all of them");
}

#[test]
fn eight_threads_for_each_core() {
    with_every_strategy!(oversubscribe);
}

fn oversubscribe<S: Strategy>() {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let threads = 8 * cores;
    let most = 3 * BATCH;
    let builder = Pool::builder(LAYOUT).strategy::<S>().batch(BATCH);
    let mut pool = builder.build().unwrap();
    thread::scope(|scope| {
        for number in 0..threads {
            let pool = &pool;
            scope.spawn(move || churn(&pool.local().unwrap(), 300, most, 1000 * number as u64));
        }
    });
    let carved = pool.stats().carved_blocks;
    let bound = threads * most + 3 * threads * BATCH + BATCH;
    assert!(carved <= bound, "{carved} carved, bound {bound}");
    assert_eq!(pool.census().free_blocks(), carved);
}

/// A test whose child fails while other threads go on until it has ended.
fn fails_in_a_fork(child: impl FnOnce() + core::panic::UnwindSafe) -> String {
    let failed = std::panic::catch_unwind(|| {
        let over = AtomicBool::new(false);
        thread::scope(|threads| {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
            });
            let _raises = Raises(&over);
            in_a_fork(child);
        });
    });
    let words = failed.expect_err("the child failed, so the test does");
    words.downcast_ref::<String>().expect("words").clone()
}

#[test]
fn a_child_that_fails_ends_the_test_with_its_words() {
    let words = fails_in_a_fork(|| panic!("block {} was lost", 7));
    assert_eq!(words, "the child failed: block 7 was lost");
}

#[test]
fn a_child_that_ends_by_a_signal_ends_the_test() {
    let words = fails_in_a_fork(|| std::process::abort());
    assert!(words.starts_with("the child ended without a word"), "{words}");
}

#[test]
fn a_child_that_hangs_is_killed() {
    let pid = core::cell::Cell::new(0);
    let fork = || {
        // SAFETY: the child waits, and is killed.
        pid.set(unsafe { libc::fork() });
        pid.get()
    };
    let wait = || loop {
        // SAFETY: no precondition.
        unsafe { libc::pause() };
    };
    let hung = outcome(Duration::from_millis(50), fork, wait);
    assert_eq!(hung, Err("the child hung for 50ms, and was killed".into()));
    // SAFETY: asks whether there is such a child.
    let found = unsafe { libc::waitpid(pid.get(), core::ptr::null_mut(), libc::WNOHANG) };
    assert_eq!(found, -1, "it is still there");
}

/// The child has a copy of the pool, and none of the threads: what they have cached, or were just
/// moving, it does not find again until it drops the pool. All else is as ever.
#[test]
fn a_forked_child_goes_on_with_its_copy() {
    let mut pool = Pool::builder(LAYOUT).batch(BATCH).build_thread_local().unwrap();
    // Nobody grows, so nobody is in the middle of that when the fork happens: its lock would stay
    // taken in the child.
    pool.prefill(4000, 8).unwrap();
    let over = AtomicBool::new(false);
    for _ in 0..20 {
        over.store(false, Ordering::Relaxed);
        let (shared, over) = (&pool, &over);
        thread::scope(|threads| {
            let _raises = Raises(over);
            for number in 1..=3 {
                threads.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        churn(&shared.local().unwrap(), 10, 5 * BATCH, 1000 * number);
                    }
                });
            }
            churn(&shared.local().unwrap(), 20, 5 * BATCH, 0);
            in_a_fork(|| {
                let carved = shared.stats().carved_blocks;
                churn(&shared.local().unwrap(), 200, 5 * BATCH, 7000);
                let block = shared.allocate().unwrap();
                // SAFETY: live, and freed once.
                unsafe { shared.deallocate(block) };
                assert_eq!(shared.stats().carved_blocks, carved, "there was enough for it");
            });
        });
    }
    // Now without threads: the child may drop what it has a copy of.
    let pool_of_child = &mut pool;
    let mut moved = None;
    in_a_fork(|| {
        let stats = pool_of_child.stats();
        assert_eq!(pool_of_child.census().free_blocks(), stats.carved_blocks);
        // SAFETY: read once; the child ends before anybody drops the original.
        moved = Some(unsafe { core::ptr::from_mut(pool_of_child).read() });
        drop(moved.take());
    });
    let stats = pool.stats();
    assert_eq!(pool.census().free_blocks(), stats.carved_blocks, "the parent never noticed");
}

#[test]
fn a_child_finds_no_lock_of_the_strategy_taken() {
    with_every_strategy!(fork_among_exchanges);
}

fn fork_among_exchanges<S: Strategy>() {
    let pool = Pool::builder(LAYOUT).strategy::<S>().batch(1).build().unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let _raises = Raises(&over);
        for number in 1..=4 {
            let (pool, over) = (&pool, &over);
            threads.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    churn(&pool.local().unwrap(), 10, 20, 1000 * number);
                }
            });
        }
        for _ in 0..40 {
            // SAFETY: the child runs the closure below, and then ends without destructors.
            let fork = || pool.without_growth(|| unsafe { libc::fork() });
            let child = || churn(&pool.local().unwrap(), 50, 50, 7000);
            let ended = outcome(Duration::from_secs(10), fork, child);
            assert_eq!(ended, Ok(()), "{}", S::NAME);
        }
    });
}

/// Growth takes a lock, which a fork may catch. The thread that forks holds it over the fork, so it
/// is free in the child.
#[test]
fn a_fork_that_keeps_others_from_growing_can_grow_in_the_child() {
    let pool = Pool::builder(LAYOUT).batch(BATCH).chunk_blocks(BATCH).build().unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let _raises = Raises(&over);
        for _ in 0..2 {
            threads.spawn(|| {
                let local = pool.local().unwrap();
                // Grows time and again, and gives nothing back.
                while !over.load(Ordering::Relaxed) && local.allocate().is_ok() {
                    thread::yield_now();
                }
            });
        }
        for _ in 0..20 {
            // SAFETY: the child runs the closure below, and then ends without destructors.
            let fork = || pool.without_growth(|| unsafe { libc::fork() });
            in_a_fork_by(fork, || {
                let local = pool.local().unwrap();
                let carved = pool.stats().carved_blocks;
                let blocks: Vec<_> = (0..=carved).map(|_| local.allocate().unwrap()).collect();
                assert!(pool.stats().carved_blocks > carved, "{} blocks", blocks.len());
            });
        }
    });
}

/// The same for an arena, whose classes take pages, each under a lock of its own.
#[test]
#[cfg(feature = "family")]
fn a_fork_that_keeps_an_arenas_classes_from_growing_can_use_them_in_the_child() {
    use stampool::alloc::SlabArena;

    let arena = SlabArena::new(64 << 20).unwrap();
    let over = AtomicBool::new(false);
    let layout = |size| Layout::from_size_align(size, 8).unwrap();
    thread::scope(|threads| {
        let _raises = Raises(&over);
        for start in [8_usize, 70_000] {
            let (arena, over) = (&arena, &over);
            threads.spawn(move || {
                // Uses one class after the other for the first time, and takes pages.
                let mut size = start;
                while !over.load(Ordering::Relaxed) {
                    _ = arena.allocate(layout(size));
                    size = if size > 200_000 { 8 } else { size + 24 };
                    thread::yield_now();
                }
            });
        }
        for round in 0..20 {
            // SAFETY: the child runs the closure below, and then ends without destructors.
            let fork = || arena.without_growth(|| unsafe { libc::fork() });
            in_a_fork_by(fork, || {
                for size in [8, 1000 + round * 100, 50_000, 100_000] {
                    // It may be full, and says so.
                    let Ok(block) = arena.allocate(layout(size)) else { continue };
                    // SAFETY: live, and freed once.
                    unsafe { arena.deallocate(block.cast(), layout(size)) };
                }
                arena.trim().unwrap();
            });
        }
    });
}
