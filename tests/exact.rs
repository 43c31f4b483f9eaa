//! Pools without caches, and pools that are filled and sealed.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;

use common::{LiveBlocks, with_every_cacheless, with_every_strategy};
use stampool::source::{CountingSource, FailingSource};
use stampool::{
    AllocError, Block, BuildError, EpochDeferred, ExactPool, Pool, Source, Strategy, SystemSource,
};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

fn exact<S: Strategy>(capacity: usize) -> ExactPool<S> {
    let builder = Pool::builder(LAYOUT).strategy::<S>().max_carved_blocks(capacity);
    builder.build_exact().unwrap()
}

#[test]
fn a_refusal_means_that_all_are_taken() {
    with_every_cacheless!(refuse_when_full);
}

fn refuse_when_full<S: Strategy>() {
    for capacity in [1, 2, 7] {
        let mut pool = exact::<S>(capacity);
        let mut live_blocks = LiveBlocks::default();
        let take = |live_blocks: &mut LiveBlocks| {
            let block = pool.allocate()?;
            live_blocks.allocated(block, LAYOUT);
            Ok::<Block, AllocError>(block)
        };
        let blocks: Vec<_> = (0..capacity).map(|_| take(&mut live_blocks).unwrap()).collect();
        assert_eq!(take(&mut live_blocks), Err(AllocError::Capacity));
        for &block in &blocks {
            live_blocks.freed(block);
            // SAFETY: live, and freed once.
            unsafe { pool.deallocate(block) };
            assert_eq!(take(&mut live_blocks), Ok(block), "the only one");
            assert_eq!(take(&mut live_blocks), Err(AllocError::Capacity));
        }
        for block in live_blocks.blocks() {
            // SAFETY: live, and freed once.
            unsafe { pool.deallocate(block) };
        }
        assert_eq!(pool.census().free_blocks(), capacity);
        assert_eq!(pool.stats().carved_blocks, capacity);
    }
}

/// A census takes the lists apart and puts them together again.
#[test]
fn a_census_leaves_the_blocks_in_their_order() {
    with_every_cacheless!(count_between_frees_and_allocations);
}

fn count_between_frees_and_allocations<S: Strategy>() {
    let mut pool = exact::<S>(4);
    let blocks: Vec<_> = (0..4).map(|_| pool.allocate().unwrap()).collect();
    for &block in &blocks {
        // SAFETY: live, and freed once.
        unsafe { pool.deallocate(block) };
    }
    assert_eq!(pool.census().free_blocks(), 4);
    let again: Vec<_> = (0..4).map(|_| pool.allocate().unwrap()).collect();
    let last_freed_first: Vec<_> = blocks.into_iter().rev().collect();
    assert_eq!(again, last_freed_first, "{}: the census has changed the order", S::NAME);
}

/// As many blocks as threads, and each thread holds one at most: there is always one for it.
#[test]
fn nobody_is_refused_while_a_block_is_free() {
    with_every_cacheless!(as_many_as_threads);
}

fn as_many_as_threads<S: Strategy>() {
    const THREADS: usize = 4;
    let mut pool = exact::<S>(THREADS);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for round in 0..common::often(10_000, 50) as u64 {
                    let block = pool.allocate().expect("somebody has two, or none is found");
                    let word = block.cast::<u64>();
                    // SAFETY: a block of four words, ours alone.
                    unsafe { word.write(round) };
                    thread::yield_now();
                    // SAFETY: as above.
                    assert_eq!(unsafe { word.read() }, round, "somebody else has it too");
                    // SAFETY: allocated above, and freed once.
                    unsafe { pool.deallocate(block) };
                }
            });
        }
    });
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
}

/// The blocks that are live and the calls that are about to bring one are counted, before such a
/// call and after the free. The pool carves no more than there ever were of them.
#[test]
fn no_more_is_carved_than_was_needed_at_one_time() {
    with_every_cacheless!(carve_what_is_needed);
}

fn carve_what_is_needed<S: Strategy>() {
    const THREADS: usize = 4;
    let mut pool = Pool::builder(LAYOUT).strategy::<S>().build_exact().unwrap();
    let (needed, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let need = |blocks| {
        let before = needed.fetch_add(blocks, Ordering::AcqRel);
        most.fetch_max(before + blocks, Ordering::AcqRel);
    };
    let work = |nth: usize| {
        let mut held: Vec<Block> = Vec::new();
        for round in 0..common::often(5_000, 30) {
            let wanted = round * (nth + 2) % 7;
            if let Some(missing) = wanted.checked_sub(held.len()).filter(|_| round % 3 == 0) {
                let mut room = vec![MaybeUninit::uninit(); missing];
                need(missing);
                pool.allocate_many(&mut room).unwrap();
                // SAFETY: the call has written all of them.
                held.extend(room.iter().map(|block| unsafe { block.assume_init() }));
            }
            while held.len() < wanted {
                need(1);
                held.push(pool.allocate().unwrap());
            }
            for block in held.drain(wanted..) {
                // SAFETY: live, and freed once.
                unsafe { pool.deallocate(block) };
                needed.fetch_sub(1, Ordering::AcqRel);
            }
        }
        // SAFETY: live, and freed once.
        unsafe { pool.deallocate_many(&held) };
        needed.fetch_sub(held.len(), Ordering::AcqRel);
    };
    thread::scope(|threads| {
        for nth in 0..THREADS {
            threads.spawn(move || work(nth));
        }
    });
    let (carved, most) = (pool.stats().carved_blocks, most.into_inner());
    assert!(carved <= most, "{}: {carved} carved, {most} were needed at one time", S::NAME);
    assert_eq!(pool.census().free_blocks(), carved, "a block was lost");
}

#[test]
fn what_lets_magazines_wait_has_none_for_it() {
    let refused = Pool::builder(LAYOUT).strategy::<EpochDeferred>().build_exact().err();
    assert_eq!(refused, Some(BuildError::Cacheless { strategy: EpochDeferred::NAME }));
}

#[test]
fn a_sealed_pool_leaves_its_source_alone() {
    common::with_every_strategy!(fill_and_seal);
}

fn fill_and_seal<S: Strategy>() {
    let meter = CountingSource::default();
    let counts = meter.counts();
    let builder = Pool::builder(LAYOUT).strategy::<S>().batch(4).source(meter);
    let pool = builder.build().unwrap();
    pool.prefill(100, 3).unwrap();
    pool.seal().unwrap();
    let (calls, carved) = (counts.obtained(), pool.stats().carved_blocks);
    assert!(carved >= 100, "{carved}");

    let handles: Vec<_> = (0..3).map(|_| pool.local().unwrap()).collect();
    assert_eq!(pool.local().err(), Some(AllocError::Sealed));
    let mut blocks = Vec::new();
    for handle in handles.iter().cycle() {
        match handle.allocate() {
            Ok(block) => blocks.push(block),
            Err(error) => {
                assert_eq!(error, AllocError::Sealed);
                break;
            }
        }
    }
    assert!(blocks.len() + 2 * 2 * 4 >= carved, "the rest lies in two caches");
    for block in blocks.drain(..) {
        // SAFETY: live, and freed once.
        unsafe { handles[0].deallocate(block) };
    }
    assert!(handles[1].allocate().is_ok(), "what was freed can be had again");
    assert_eq!((counts.obtained(), pool.stats().carved_blocks), (calls, carved));
}

#[test]
fn a_fill_that_does_not_succeed_keeps_what_it_has() {
    let meter = FailingSource::default().refuse_from(5);
    let builder = Pool::builder(LAYOUT).batch(4).chunk_blocks(8).source(meter);
    let mut pool = builder.build().unwrap();
    assert_eq!(pool.prefill(1000, 1), Err(AllocError::OutOfMemory));
    let carved = pool.stats().carved_blocks;
    assert_eq!(carved, 16, "a slot, two chunks, no third");
    assert_eq!(pool.census().free_blocks(), carved);
    let local = pool.local().expect("the slot of the fill");
    assert!(local.allocate().is_ok());
}

#[test]
fn a_fill_stops_at_the_capacity() {
    let pool = Pool::builder(LAYOUT).batch(4).max_carved_blocks(10).build().unwrap();
    assert_eq!(pool.prefill(11, 0), Err(AllocError::Capacity));
    assert_eq!(pool.stats().carved_blocks, 10);
    assert_eq!(pool.prefill(10, 0), Ok(()), "there already");
    assert_eq!(pool.prefill(0, 0), Ok(()));
}

/// Asks the system, slowly, and notes whether it was asked late.
struct Slow {
    sealed: Arc<AtomicBool>,
    asked_late: Arc<AtomicBool>,
}

// SAFETY: the system source's word.
unsafe impl Source for Slow {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if self.sealed.load(Ordering::Acquire) {
            self.asked_late.store(true, Ordering::Release);
        }
        thread::yield_now();
        SystemSource.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
    }
}

/// Others wait for the growth lock while the pool is sealed.
#[test]
fn a_seal_holds_for_those_who_were_about_to_grow() {
    const CHUNK: usize = 8;
    for _ in 0..common::often(300, 3) {
        let (sealed, asked_late) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let source = Slow { sealed: Arc::clone(&sealed), asked_late: Arc::clone(&asked_late) };
        let builder = Pool::builder(LAYOUT).batch(2).chunk_blocks(CHUNK).source(source);
        let pool = builder.build().unwrap();
        thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    let Ok(local) = pool.local() else { return };
                    while local.allocate().is_ok() {}
                });
            }
            while pool.stats().carved_blocks < 5 * CHUNK {
                thread::yield_now();
            }
            pool.seal().unwrap();
            sealed.store(true, Ordering::Release);
        });
        assert!(!asked_late.load(Ordering::Acquire), "the source was asked after the seal");
        assert_eq!(pool.stats().carved_blocks % CHUNK, 0, "the rest of a chunk was left");
        assert_eq!(pool.seal(), Ok(()), "sealed already");
    }
}

/// `seal` carves what is left of the chunk, although that is less than a batch.
#[test]
fn a_seal_carves_the_last_blocks_of_a_chunk() {
    let builder = Pool::builder(Layout::new::<u64>()).batch(3).chunk_blocks(7);
    let pool = builder.build().unwrap();
    pool.prefill(6, 1).unwrap();
    assert_eq!(pool.stats().carved_blocks, 6);
    pool.seal().unwrap();
    assert_eq!(pool.stats().carved_blocks, 7);
}

/// A seal may come at any moment of a fill and of bulk calls. Whatever it meets, no block is lost,
/// the pool carves the rest of its chunk, and nothing grows afterwards.
#[test]
fn a_seal_meets_a_fill_and_bulk_calls() {
    with_every_strategy!(seal_meanwhile);
}

fn seal_meanwhile<S: Strategy>() {
    const CHUNK: usize = 9;
    for round in 0..common::often(30, 1) {
        let builder = Pool::builder(LAYOUT).strategy::<S>().batch(4).chunk_blocks(CHUNK);
        let mut pool = builder.build().unwrap();
        let take_and_give = || {
            let Ok(local) = pool.local() else { return };
            for count in [0, 3, 17, 40] {
                let mut room = vec![MaybeUninit::uninit(); count];
                if let Err(error) = local.allocate_many(&mut room) {
                    assert_eq!(error, AllocError::Sealed);
                    continue;
                }
                // SAFETY: the call has written all of them.
                let blocks = room.iter().map(|block| unsafe { block.assume_init() });
                // SAFETY: live, and freed once.
                unsafe { local.deallocate_many(&blocks.collect::<Vec<_>>()) };
            }
        };
        thread::scope(|threads| {
            threads.spawn(|| {
                let filled = pool.prefill(20 * (round % 3 + 1), 3);
                assert!(matches!(filled, Ok(()) | Err(AllocError::Sealed)), "{filled:?}");
            });
            threads.spawn(take_and_give);
            threads.spawn(take_and_give);
            threads.spawn(|| {
                assert_eq!(pool.seal(), Ok(()));
                let sealed = pool.stats();
                assert_eq!(pool.prefill(100_000, 1), Err(AllocError::Sealed));
                let later = pool.stats();
                assert_eq!(later.carved_blocks, sealed.carved_blocks, "carved after the seal");
                assert_eq!(later.source_calls, sealed.source_calls, "the source was asked again");
            });
        });
        let carved = pool.stats().carved_blocks;
        assert_eq!(carved % CHUNK, 0, "the rest of a chunk was not carved");
        assert_eq!(pool.census().free_blocks(), carved, "a block was lost or doubled");
    }
}
