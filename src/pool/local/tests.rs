//! What a checked pool does when two threads have freed one block at one time: each place where
//! the wrong copy turns up says so, takes that copy out, and leaves everything else as it was.
//!
//! The race itself is played by one thread. Its result is a block that lies in two caches while
//! its word names the cache of the thread that stored last; [`free_at_once`] arranges exactly
//! that.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::thread;

use super::super::{Local, Pool, PoolBuilder};
use crate::block::Block;
use crate::checking::{Checking, Checks};
use crate::error::AllocError;
use crate::free_list::{EpochDeferred, Strategy, TaggedWide};
use crate::threads::StdThreads;

const BATCH: usize = 4;
const FREED_AT_ONCE: &str = "was freed twice, by two threads at one time";

fn builder<S: Strategy>() -> PoolBuilder<S> {
    Pool::builder(Layout::new::<[u64; 4]>()).strategy::<S>().batch(BATCH)
}

/// Runs `test` for every strategy.
macro_rules! with_every_strategy {
    ($test:ident) => {
        crate::raw::each_strategy!(S => {
            // Miri's Stacked Borrows reject crossbeam-epoch itself.
            if !cfg!(miri) || S::NAME != EpochDeferred::NAME {
                $test::<S>();
            }
        });
    };
}

fn take<S: Strategy, C: Checking>(local: &Local<'_, S, C>, count: usize) -> Vec<Block> {
    (0..count).map(|_| local.allocate().unwrap()).collect()
}

fn free<S: Strategy, C: Checking>(local: &Local<'_, S, C>, block: Block) {
    // SAFETY: live, or freed at once, which the pool is checked for.
    unsafe { local.deallocate(block) };
}

/// Lets the word of a block that `local` has cached say that the block is live. This is what
/// another thread saw that looked before `local` freed the block.
fn looked_before<S: Strategy, C: Checking>(
    pool: &Pool<S, C>,
    local: &Local<'_, S, C>,
    block: Block,
) {
    let checking = &pool.shared().checking;
    let check = checking.check_state(local.slot().address());
    // SAFETY: the block is in the cache for which the state is made; one thread plays all parts.
    unsafe { checking.verify_alloc(&check, block) }.unwrap();
}

/// `first` and `second` free one block at one time, and `second` stores last.
fn free_at_once<S: Strategy, C: Checking>(
    pool: &Pool<S, C>,
    first: &Local<'_, S, C>,
    second: &Local<'_, S, C>,
    block: Block,
) {
    free(first, block);
    looked_before(pool, first, block);
    free(second, block);
}

/// What `work` says when it panics.
fn words<R>(work: impl FnOnce() -> R) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(work)).err()?;
    let of_values = payload.downcast_ref::<String>().cloned();
    Some(of_values.unwrap_or_else(|| (*payload.downcast_ref::<&str>().expect("words")).into()))
}

/// `work` must be refused because two threads have freed a block at one time.
fn told<R>(work: impl FnOnce() -> R) {
    let words = words(work).expect("the wrong copy was not noticed");
    assert!(words.contains(FREED_AT_ONCE), "{words}");
}

/// What the next `count` allocations bring; `None` for one that is refused.
fn pops<S: Strategy, C: Checking>(local: &Local<'_, S, C>, count: usize) -> Vec<Option<Block>> {
    let pop = || catch_unwind(AssertUnwindSafe(|| local.allocate().unwrap())).ok();
    (0..count).map(|_| pop()).collect()
}

/// All blocks are there, and each comes out once.
fn all_there_once<S: Strategy, C: Checking>(mut pool: Pool<S, C>) {
    let carved = pool.stats().carved_blocks;
    assert_eq!(pool.census().free_blocks(), carved, "a block was lost or doubled");
    let local = pool.local().unwrap();
    let blocks = take(&local, carved);
    assert_eq!(pool.stats().carved_blocks, carved, "a free block was not found");
    let mut sorted = blocks.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), carved, "a block came twice");
    blocks.into_iter().for_each(|block| free(&local, block));
}

#[test]
fn the_wrong_copy_is_refused_at_a_pop() {
    fn every<S: Strategy>() {
        let pool = builder::<S>().checked().build().unwrap();
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        let block = one.allocate().unwrap();
        free_at_once(&pool, &one, &other, block);
        told(|| one.allocate());
        assert_eq!(one.cached_blocks(), BATCH - 1, "the copy has left the cache");
        assert_eq!(other.allocate(), Ok(block), "the other copy is the block");
        free(&other, block);
        drop((one, other));
        all_there_once(pool);
    }
    with_every_strategy!(every);
}

/// The copy lies between others that a flush has to give away: those before it have been said
/// to be on their way, those behind it move up.
#[test]
fn a_flush_that_is_refused_leaves_the_cache_as_it_was_but_for_the_wrong_copy() {
    fn every<S: Strategy>() {
        for wrong in 0..BATCH {
            let pool = builder::<S>().checked().build().unwrap();
            let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
            let mut blocks = take(&one, 2 * BATCH + 1);
            let rest = take(&one, one.cached_blocks());
            let last = blocks.pop().unwrap();
            blocks.iter().for_each(|&block| free(&one, block));
            looked_before(&pool, &one, blocks[wrong]);
            free(&other, blocks[wrong]);

            told(|| free(&one, last));
            assert_eq!(pool.stats().flushes, 0, "nothing was given away");
            blocks.remove(wrong);
            blocks.push(last);
            let kept: Vec<_> = blocks.iter().rev().copied().map(Some).collect();
            assert_eq!(pops(&one, kept.len()), kept, "the cache is not what it was");

            blocks.into_iter().chain(rest).for_each(|block| free(&one, block));
            drop((one, other));
            all_there_once(pool);
        }
    }
    with_every_strategy!(every);
}

/// A flush has given one copy to a magazine before the other thread stored; a thread that
/// refills from it finds the copies that belong to others.
#[test]
fn the_wrong_copies_are_refused_at_a_refill() {
    fn every<S: Strategy>() {
        for wrong in 1..1_usize << BATCH {
            let is_wrong = |nth: usize| wrong >> nth & 1 == 1;
            let pool = builder::<S>().checked().build().unwrap();
            let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
            let blocks = take(&one, BATCH);
            blocks.iter().for_each(|&block| free(&one, block));
            drop(one);
            let checking = &pool.shared().checking;
            let check = checking.check_state(other.slot().address());
            let copies = (0..BATCH).filter(|nth| is_wrong(*nth)).map(|nth| blocks[nth]);
            for copy in copies.clone() {
                // Live again, for a thread that looked before the first free.
                // SAFETY: as if a refill had brought it to the cache for which the state is made.
                unsafe { checking.enters_cache(&check, copy) }.unwrap();
                looked_before(&pool, &other, copy);
                free(&other, copy);
            }

            let third = pool.local().unwrap();
            told(|| third.allocate());
            let kept = (0..BATCH).rev().filter(|nth| !is_wrong(*nth)).map(|nth| Some(blocks[nth]));
            let kept: Vec<_> = kept.collect();
            assert_eq!(third.cached_blocks(), kept.len(), "only the copies have left");
            assert_eq!(pops(&third, kept.len()), kept);
            let copies: Vec<_> = copies.rev().map(Some).collect();
            assert_eq!(pops(&other, copies.len()), copies, "the other copies are the blocks");

            blocks.into_iter().for_each(|block| free(&third, block));
            drop((other, third));
            all_there_once(pool);
        }
    }
    with_every_strategy!(every);
}

/// A handle hands in everything else before it says what was wrong.
#[test]
fn a_handle_that_leaves_says_so_and_loses_nothing() {
    fn every<S: Strategy>() {
        for cached in 1..=2 * BATCH {
            let pool = builder::<S>().checked().build().unwrap();
            let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
            let blocks = take(&one, 2 * BATCH);
            let (stay, go) = blocks.split_at(cached);
            stay.iter().for_each(|&block| free(&one, block));
            go.iter().for_each(|&block| free(&other, block));
            for &block in &stay[cached / 2..] {
                looked_before(&pool, &one, block);
                free(&other, block);
            }
            told(|| drop(one));
            assert_eq!(pool.stats().attached, 1, "the handle has left all the same");
            drop(other);
            all_there_once(pool);
        }
    }
    with_every_strategy!(every);
}

/// A second panic would end the process.
#[test]
fn a_handle_that_leaves_during_a_panic_says_nothing() {
    let pool = builder::<TaggedWide>().checked().build().unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let block = one.allocate().unwrap();
    free_at_once(&pool, &one, &other, block);
    let words = words(|| {
        let _leaves = one;
        panic!("of another kind");
    });
    assert_eq!(words.as_deref(), Some("of another kind"));
    drop(other);
    all_there_once(pool);
}

#[test]
fn a_thread_that_ends_takes_forgotten_copies_out_and_says_nothing() {
    fn every<S: Strategy>() {
        let pool = builder::<S>().threads(StdThreads).checked().build().unwrap();
        thread::scope(|threads| {
            let thread = threads.spawn(|| {
                let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
                let block = one.allocate().unwrap();
                free_at_once(&pool, &one, &other, block);
                core::mem::forget((one, other));
            });
            // By hand: a scope may end before its threads' destructors have run.
            thread.join().expect("a thread that ends must not panic");
        });
        all_there_once(pool);
    }
    with_every_strategy!(every);
}

#[test]
fn a_slot_of_a_thread_that_ends_takes_copies_out_and_says_nothing() {
    fn every<S: Strategy>() {
        let mut pool = builder::<S>().checked().build_thread_local().unwrap();
        // SAFETY: dropped before the pool.
        let check = unsafe { pool.detached_local() }.unwrap();
        let other = pool.local().unwrap();
        let block = check.allocate().unwrap();
        free_at_once(pool.pool(), &check, &other, block);
        drop((check, other));
        assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
        let blocks: Vec<_> = (0..BATCH).map(|_| pool.allocate().unwrap()).collect();
        assert!((1..BATCH).all(|nth| !blocks[..nth].contains(&blocks[nth])), "one came twice");
    }
    with_every_strategy!(every);
}

/// Both copies have come together in one cache, so the word is right for either.
#[test]
fn of_two_copies_in_one_cache_one_is_refused() {
    fn every<S: Strategy>() {
        // At a pop.
        let pool = builder::<S>().checked().build().unwrap();
        let local = pool.local().unwrap();
        let block = local.allocate().unwrap();
        free_at_once(&pool, &local, &local, block);
        assert_eq!(local.allocate(), Ok(block));
        told(|| local.allocate());
        free(&local, block);
        drop(local);
        all_there_once(pool);

        // When the handle leaves.
        let pool = builder::<S>().checked().build().unwrap();
        let local = pool.local().unwrap();
        let block = local.allocate().unwrap();
        free_at_once(&pool, &local, &local, block);
        told(|| drop(local));
        all_there_once(pool);

        // At a flush, which gives the first one away and finds the second.
        let pool = builder::<S>().checked().build().unwrap();
        let local = pool.local().unwrap();
        let blocks = take(&local, 2 * BATCH);
        free(&local, blocks[0]);
        free_at_once(&pool, &local, &local, blocks[1]);
        blocks[2..].iter().take(2 * BATCH - 3).for_each(|&block| free(&local, block));
        told(|| free(&local, blocks[2 * BATCH - 1]));
        let kept: Vec<_> = blocks.iter().rev().copied().map(Some).collect();
        assert_eq!(pops(&local, kept.len()), kept, "the cache is not what it was");
        blocks.into_iter().for_each(|block| free(&local, block));
        drop(local);
        all_there_once(pool);
    }
    with_every_strategy!(every);
}

/// What a hardened handle keeps back is looked at when it is taken for want of anything else.
#[test]
fn the_wrong_copy_is_refused_where_it_was_kept_back() {
    fn every<S: Strategy>() {
        let pool = builder::<S>().max_carved_blocks(BATCH).hardened().build().unwrap();
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        let blocks = take(&one, BATCH);
        free_at_once(&pool, &one, &other, blocks[0]);
        told(|| one.allocate());
        assert_eq!(one.allocate(), Err(AllocError::Capacity), "the copy has left");
        assert_eq!(other.allocate(), Ok(blocks[0]), "the other copy is the block");
        blocks.into_iter().for_each(|block| free(&one, block));
        drop((one, other));
        all_there_once(pool);
    }
    with_every_strategy!(every);
}

/// As it goes through the ring, the array and the lists of a hardened pool, the copy is told of
/// once.
#[test]
fn the_wrong_copy_in_a_hardened_pool_is_told_of_once() {
    fn every<S: Strategy>() {
        let pool = builder::<S>().hardened().build().unwrap();
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        let block = one.allocate().unwrap();
        free_at_once(&pool, &one, &other, block);
        let mut told = 0;
        for _ in 0..100 {
            let words = words(|| {
                let block = one.allocate().unwrap();
                free(&one, block);
            });
            told += usize::from(words.is_some_and(|words| words.contains(FREED_AT_ONCE)));
        }
        assert_eq!(told, 1);
        drop((one, other));
        all_there_once(pool);
    }
    with_every_strategy!(every);
}
