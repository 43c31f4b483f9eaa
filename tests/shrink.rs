//! Memory that goes back while the pool is used (`Pool::shrink`): what goes, what stays, and that
//! nothing is lost beside threads that work.

mod common;

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

use common::told::{give, take};
use common::{often, with_every_cacheless, with_every_strategy};
use stampool::source::{CountingSource, FailingSource, SourceCounts};
use stampool::{AllocError, Block, BufferSource, ObjectPool, Pool, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 8]>();

fn counted<S: Strategy>(batch: usize, chunk: usize) -> (Pool<S>, SourceCounts) {
    let source = CountingSource::default();
    let counts = source.counts();
    let pool = Pool::builder(LAYOUT).strategy::<S>().batch(batch).chunk_blocks(chunk);
    (pool.source(source).build().unwrap(), counts)
}

fn all_goes<S: Strategy>() {
    let (mut pool, counts) = counted::<S>(4, 16);
    let local = pool.local().unwrap();
    let blocks = take(&local, 100);
    give(&local, blocks);
    let (bytes, before) = (local.shrink().unwrap(), pool.stats());
    assert!(bytes >= 100 * LAYOUT.size(), "{bytes} bytes went back");
    assert_eq!((before.carved_blocks, before.chunks), (0, 0));
    assert_eq!(local.shrink(), Ok(0), "there is nothing left");
    // The pool can be used as before, and brings no second magazine for a batch.
    let blocks = take(&local, 100);
    let after = pool.stats();
    assert_eq!((after.carved_blocks, after.magazines), (100, before.magazines));
    give(&local, blocks);
    drop(local);
    assert_eq!(pool.census().free_blocks(), 100);
    pool.end();
    assert_eq!((counts.live_regions(), counts.sources()), (0, 0));
}

#[test]
fn a_pool_without_live_blocks_gives_all_chunks_back() {
    with_every_strategy!(all_goes);
}

fn a_chunk_stays<S: Strategy>() {
    let (mut pool, _) = counted::<S>(4, 16);
    let local = pool.local().unwrap();
    let mut blocks = take(&local, 64);
    for (nth, block) in blocks.iter().enumerate() {
        // SAFETY: live, and large enough.
        unsafe { block.cast::<usize>().write(nth) };
    }
    let kept: Vec<(usize, Block)> = [5, 40].map(|nth| (nth, blocks[nth])).to_vec();
    blocks.retain(|block| kept.iter().all(|(_, kept)| kept != block));
    give(&local, blocks);
    assert!(local.shrink().unwrap() >= 32 * LAYOUT.size());
    assert_eq!((pool.stats().chunks, pool.stats().carved_blocks), (2, 32));
    for (nth, block) in &kept {
        // SAFETY: live, and written above.
        assert_eq!(unsafe { block.cast::<usize>().read() }, *nth);
    }
    // What stayed is handed out before a new chunk comes.
    let more = take(&local, 30);
    assert_eq!(pool.stats().carved_blocks, 32);
    give(&local, more.into_iter().chain(kept.into_iter().map(|(_, block)| block)));
    drop(local);
    assert_eq!(pool.census().free_blocks(), 32);
}

#[test]
fn a_chunk_with_a_live_block_stays() {
    with_every_strategy!(a_chunk_stays);
}

/// Without the caller's own cache a pool gives back what the lists hold, and a cached block keeps
/// its chunk.
#[test]
fn blocks_in_a_cache_keep_their_chunk() {
    let (pool, _) = counted::<stampool::TaggedWide>(2, 8);
    let local = pool.local().unwrap();
    let blocks = take(&local, 32);
    give(&local, blocks);
    let cached = local.cached_blocks();
    assert!(cached > 0);
    pool.shrink().unwrap();
    let carved = pool.stats().carved_blocks;
    assert!((cached..32).contains(&carved), "{carved} of 32 blocks stay beside {cached} cached");
    local.shrink().unwrap();
    assert_eq!(pool.stats().carved_blocks, 0);
}

fn cycles<S: Strategy>() {
    let (pool, counts) = counted::<S>(4, 10);
    let local = pool.local().unwrap();
    let mut bytes = Vec::new();
    for round in 0..often(50, 8) {
        // Chunks of 10 with batches of 4, and numbers of blocks that end within a chunk.
        let blocks = take(&local, 60 + round % 7);
        give(&local, blocks);
        local.shrink().unwrap();
        bytes.push(pool.stats().source_bytes);
    }
    let most = bytes.iter().take(7).max().unwrap();
    assert!(bytes.iter().all(|bytes| bytes <= most), "what stays grows: {bytes:?}");
    assert_eq!(pool.stats().source_bytes, counts.live_bytes());
}

#[test]
fn what_stays_does_not_grow_from_burst_to_burst() {
    with_every_strategy!(cycles);
}

fn beside_threads<S: Strategy>() {
    let (mut pool, counts) = counted::<S>(4, 16);
    let (over, freed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let deadline = Instant::now() + Duration::from_secs(60);
    thread::scope(|threads| {
        let worker = |seed: usize| {
            let (pool, freed, rounds) = (&pool, &freed, often(3000, 5));
            // On a busy machine the thread that shrinks may come late.
            let goes_on = move |round: &usize| {
                *round < rounds || freed.load(Ordering::Relaxed) == 0 && Instant::now() < deadline
            };
            move || {
                let local = pool.local().unwrap();
                for round in (0..).take_while(goes_on) {
                    let blocks = take(&local, (round * 7 + seed) % 60);
                    for (nth, block) in blocks.iter().enumerate() {
                        // SAFETY: live, and large enough.
                        unsafe { block.cast::<[usize; 8]>().write([seed ^ nth; 8]) };
                    }
                    for (nth, block) in blocks.iter().enumerate() {
                        // SAFETY: live, and written above.
                        let words = unsafe { block.cast::<[usize; 8]>().read() };
                        assert_eq!(words, [seed ^ nth; 8], "the block has another user");
                    }
                    give(&local, blocks);
                }
            }
        };
        let workers: Vec<_> = (1..=3).map(|seed| threads.spawn(worker(seed << 8))).collect();
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                freed.fetch_add(pool.shrink().unwrap(), Ordering::Relaxed);
                thread::yield_now();
            }
        });
        let ends: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    assert!(freed.into_inner() > 0, "nothing went back beside the threads");
    let stats = pool.stats();
    assert_eq!(pool.census().free_blocks(), stats.carved_blocks, "a block was lost");
    // Three workers, one thread that shrinks: L + 3TG + G.
    assert!(stats.carved_blocks <= 3 * 60 + 3 * 4 * 4 + 4, "{stats:?}");
    pool.shrink().unwrap();
    assert_eq!(pool.stats().carved_blocks, 0);
    assert_eq!(pool.stats().source_bytes, counts.live_bytes());
}

#[test]
fn a_pool_shrinks_beside_threads_that_allocate_and_free() {
    with_every_strategy!(beside_threads);
}

fn exact<S: Strategy>() {
    let builder = Pool::builder(LAYOUT).strategy::<S>().max_carved_blocks(20).chunk_blocks(5);
    let pool = builder.build_exact().unwrap();
    for _ in 0..3 {
        let blocks: Vec<_> = core::iter::from_fn(|| pool.allocate().ok()).collect();
        assert_eq!(blocks.len(), 20, "the capacity counts blocks that are there");
        for block in blocks {
            // SAFETY: allocated above, and not used any more.
            unsafe { pool.deallocate(block) };
        }
        assert!(pool.shrink().unwrap() >= 20 * LAYOUT.size());
        assert_eq!(pool.stats().carved_blocks, 0);
    }
}

#[test]
fn an_exact_pool_has_its_capacity_again_afterwards() {
    with_every_cacheless!(exact);
}

#[test]
fn a_thread_local_pool_hands_in_the_callers_cache() {
    let source = CountingSource::default();
    let counts = source.counts();
    let builder = Pool::builder(LAYOUT).batch(4).chunk_blocks(8).source(source);
    let pool = builder.build_thread_local().unwrap();
    assert_eq!(pool.shrink(), Ok(0), "from here on the pool has the slot that the call needs");
    let blocks: Vec<_> = (0..100).map(|_| pool.allocate().unwrap()).collect();
    for block in blocks {
        // SAFETY: allocated above, and not used any more.
        unsafe { pool.deallocate(block) };
    }
    let before = counts.live_bytes();
    let bytes = pool.shrink().unwrap();
    assert!(bytes >= 100 * LAYOUT.size(), "{bytes} bytes went back");
    assert_eq!((pool.stats().carved_blocks, counts.live_bytes()), (0, before - bytes));
}

#[test]
fn a_pool_that_keeps_its_chunks_says_so() {
    let checked = Pool::builder(LAYOUT).batch(2).checked().build().unwrap();
    let local = checked.local().unwrap();
    let block = local.allocate().unwrap();
    // SAFETY: allocated above.
    unsafe { local.deallocate(block) };
    assert_eq!((local.shrink(), checked.shrink()), (Ok(0), Ok(0)));
    assert!(checked.stats().carved_blocks > 0);

    let mut memory = vec![core::mem::MaybeUninit::<u8>::uninit(); 1 << 16];
    let base = core::ptr::NonNull::from(&mut memory[..]).cast();
    // SAFETY: the memory outlives the pool, and nobody else uses it.
    let source = unsafe { BufferSource::from_raw_parts(base, memory.len()) };
    let builder = Pool::builder(LAYOUT).batch(2).chunk_blocks(4).source(source);
    let on_a_buffer = builder.build().unwrap();
    let local = on_a_buffer.local().unwrap();
    for _ in 0..2 {
        let blocks: Vec<_> = core::iter::from_fn(|| local.allocate().ok()).collect();
        assert!(blocks.len() > 400, "only {} blocks fit", blocks.len());
        give(&local, blocks);
        assert_eq!(local.shrink(), Ok(0), "what goes back to a buffer is lost");
    }

    let (sealed, _) = counted::<stampool::TaggedWide>(2, 8);
    sealed.prefill(8, 1).unwrap();
    sealed.seal().unwrap();
    assert_eq!(sealed.shrink(), Err(AllocError::Sealed));
    assert_eq!(sealed.local().unwrap().shrink(), Err(AllocError::Sealed));
}

#[test]
fn a_source_that_refuses_the_slot_leaves_everything_as_it_was() {
    let source = FailingSource::default();
    let faults = source.faults();
    let pool = Pool::builder(LAYOUT).batch(2).chunk_blocks(4).source(source).build().unwrap();
    let local = pool.local().unwrap();
    let blocks = take(&local, 20);
    give(&local, blocks);
    // The only slot is the handle's.
    faults.refuse_from(faults.calls());
    let before = pool.stats();
    assert_eq!(pool.shrink(), Err(AllocError::OutOfMemory));
    let after = pool.stats();
    assert_eq!((after.carved_blocks, after.chunks), (before.carved_blocks, before.chunks));
    faults.clear();
    assert!(pool.shrink().unwrap() > 0, "the same call with memory for a slot");
}

#[test]
fn a_source_that_panics_at_a_release_loses_no_block_and_no_region() {
    let source = CountingSource::new(FailingSource::default().panic_at_release(0));
    let counts = source.counts();
    let pool = Pool::builder(LAYOUT).batch(2).chunk_blocks(4).source(source).build().unwrap();
    let local = pool.local().unwrap();
    let blocks = take(&local, 20);
    let (kept, rest) = blocks.split_first().unwrap();
    give(&local, rest.iter().copied());
    let before = counts.live_regions();
    assert!(catch_unwind(AssertUnwindSafe(|| local.shrink())).is_err(), "the panic goes on");
    assert_eq!(counts.live_regions(), before - 4, "all but the chunk with the live block");
    assert_eq!(pool.stats().carved_blocks, 4);
    give(&local, [*kept]);
    let blocks = take(&local, 20);
    give(&local, blocks);
    drop(local);
    pool.end();
    assert_eq!((counts.live_regions(), counts.sources()), (0, 0));
}

#[test]
fn little_stays_of_a_burst_of_large_blocks() {
    let source = CountingSource::default();
    let counts = source.counts();
    let layout = Layout::new::<[u8; 16 << 10]>();
    let pool = Pool::builder(layout).source(source).build().unwrap();
    let local = pool.local().unwrap();
    let blocks = take(&local, often(5000, 100));
    give(&local, blocks);
    let before = counts.live_bytes();
    local.shrink().unwrap();
    let stays = counts.live_bytes();
    assert!(stays <= 1 << 20, "{stays} of {before} bytes stay");
}

/// Counts the values that are there.
struct Counted<'c>(&'c AtomicUsize, u64);

impl<'c> Counted<'c> {
    fn new(there: &'c AtomicUsize) -> Self {
        there.fetch_add(1, Ordering::Relaxed);
        Counted(there, 7)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        assert_eq!(self.1, 7, "no value is here");
        self.1 = 0;
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn kept<S: Strategy>() {
    static THERE: AtomicUsize = AtomicUsize::new(0);
    let before = THERE.load(Ordering::Relaxed);
    for is_exact in [false, true] {
        if is_exact && !common::is_cacheless::<S>() {
            continue;
        }
        let builder = ObjectPool::builder().strategy::<S>().blocks(|blocks| blocks.chunk_blocks(8));
        let builder = builder.batch(4).keep(|| Counted::new(&THERE), |_| {});
        let pool = if is_exact { builder.exact() } else { builder }.build().unwrap();
        let mut objects: Vec<_> = (0..40).map(|_| pool.get().unwrap()).collect();
        let live = objects.pop().unwrap();
        drop(objects);
        assert_eq!(THERE.load(Ordering::Relaxed) - before, 40, "the pool keeps its values");
        assert!(pool.shrink().unwrap() >= 32 * size_of::<Counted<'_>>());
        let carved = pool.stats().carved_blocks;
        assert_eq!((carved, live.1), (8, 7), "the chunk of the live object stays");
        assert_eq!(
            THERE.load(Ordering::Relaxed) - before,
            8,
            "values of chunks that went are dropped"
        );
        let again: Vec<_> = (0..20).map(|_| pool.get().unwrap()).collect();
        assert!(again.iter().all(|object| object.1 == 7));
        drop((live, again));
        pool.shrink().unwrap();
        assert_eq!(THERE.load(Ordering::Relaxed), before);
    }
}

#[test]
fn values_that_a_pool_keeps_are_dropped_with_their_chunk() {
    with_every_strategy!(kept);
}

#[test]
fn a_destructor_may_panic_or_use_the_pool_while_memory_goes_back() {
    struct Odd(Option<&'static str>);
    impl Drop for Odd {
        fn drop(&mut self) {
            if let Some(words) = self.0 {
                panic!("{words}");
            }
        }
    }
    let source = CountingSource::default();
    let counts = source.counts();
    let builder = ObjectPool::builder().batch(2).source(source).keep(|| Odd(None), |_| {});
    let pool = builder.blocks(|blocks| blocks.chunk_blocks(4)).build().unwrap();
    assert_eq!(pool.shrink(), Ok(0), "from here on the pool has the slot that the call needs");
    let mut objects: Vec<_> = (0..12).map(|_| pool.get().unwrap()).collect();
    objects[5].0 = Some("this one");
    drop(objects);
    let before = counts.live_regions();
    assert!(catch_unwind(AssertUnwindSafe(|| pool.shrink())).is_err(), "the panic goes on");
    assert_eq!((counts.live_regions(), pool.stats().carved_blocks), (before - 3, 0));

    /// Takes another object of its pool when it is dropped, if it is told to.
    struct User(bool);
    static OWN: LazyLock<ObjectPool<User>> = LazyLock::new(|| {
        ObjectPool::builder().batch(2).keep(|| User(false), |_| {}).build().unwrap()
    });
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    impl Drop for User {
        fn drop(&mut self) {
            if self.0 {
                drop(OWN.get().unwrap());
                TAKEN.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    OWN.get().unwrap().0 = true;
    assert!(OWN.shrink().unwrap() > 0, "the value's chunk goes back");
    assert_eq!(TAKEN.load(Ordering::Relaxed), 1);
}

#[test]
fn an_object_pool_that_keeps_nothing_shrinks_too() {
    let pool = ObjectPool::<[u64; 64]>::builder().build().unwrap();
    let objects: Vec<_> = (0..1000).map(|_| pool.create([1; 64]).unwrap()).collect();
    drop(objects);
    assert!(pool.shrink().unwrap() >= 1000 * 512);
    assert_eq!(pool.stats().carved_blocks, 0);
}
