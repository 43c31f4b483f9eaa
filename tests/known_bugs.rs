//! Faults that other projects had, one test for each class. The classes come from public advisories
//! and issue threads on pools, slabs, queues and reclamation; each test does here what went wrong
//! there.
//!
//! Also in: `objects`, `object_faults` (values, constructors, destructors), `stamped` (names of
//! another pool, or stale), `misuse` (what a checked pool notices), `bounds` (`Send` and `Sync`).

mod common;

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use common::{LiveBlocks, with_every_strategy};
use stampool::raw::sync::{AtomicU64, AtomicU128};
use stampool::source::FailingSource;
use stampool::{
    AllocError, AtomicStamped, Block, BuildError, EpochDeferred, ObjectPool, Pool, Source, Stamped,
    StampedPool, Strategy, SystemSource, TaggedWide,
};

const LAYOUT: Layout = Layout::new::<[usize; 4]>();

/// A word in the block that names its owner and is changed by a swap, so two owners at a time are
/// noticed.
fn owner(block: Block) -> &'static AtomicUsize {
    // SAFETY: a word of a block of [`LAYOUT`], used by these tests as an atomic alone.
    unsafe { block.cast::<AtomicUsize>().as_ref() }
}

/// Values that live in blocks whose magazines wait for a grace period, while threads take and give.
#[test]
fn an_element_is_not_dropped_twice_by_deferred_reclamation() {
    with_every_strategy!(drop_each_once);
}

/// Counts itself out, and notices a second time.
struct Once<'c> {
    dropped: bool,
    drops: &'c AtomicUsize,
}

impl Drop for Once<'_> {
    fn drop(&mut self) {
        assert!(!core::mem::replace(&mut self.dropped, true), "dropped twice");
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn drop_each_once<S: Strategy>() {
    const THREADS: usize = 3;
    const ROUNDS: usize = common::often(2000, 4);
    let drops = AtomicUsize::new(0);
    let builder = ObjectPool::<Once<'_>>::builder().strategy::<S>().batch(2);
    let pool = builder.build().unwrap();
    let (pool, drops_ref) = (&pool, &drops);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(move || {
                let mut held = Vec::new();
                for round in 0..ROUNDS {
                    let value = Once { dropped: false, drops: drops_ref };
                    let Ok(object) = pool.create(value) else { panic!("no memory") };
                    held.push(object);
                    if held.len() > round % 7 {
                        held.clear();
                    }
                }
            });
        }
    });
    assert_eq!(drops.load(Ordering::Relaxed), THREADS * ROUNDS, "one was not dropped");
}

#[test]
fn a_null_handle_can_be_formatted() {
    let text = format!("{:?}", Stamped::<u64>::null(0));
    assert!(!text.is_empty());
    let text = format!("{:?}", AtomicStamped::new(Stamped::<u64>::null(7)));
    assert!(!text.is_empty());
}

/// Batches go from hand to hand, several threads take from the same list, some of them several at a
/// time: each block comes out as often as it went in.
#[test]
fn popped_twice_or_lost_in_a_batch_steal() {
    with_every_strategy!(steal_batches);
}

fn steal_batches<S: Strategy>() {
    let mut pool = Pool::builder(LAYOUT).strategy::<S>().batch(2).build().unwrap();
    thread::scope(|threads| {
        for me in 1..=4 {
            let pool = &pool;
            threads.spawn(move || {
                let local = pool.local().unwrap();
                for round in 0..common::often(3000, 10) {
                    let blocks: Vec<_> =
                        (0..round % 9).map(|_| local.allocate().unwrap()).collect();
                    for &block in &blocks {
                        // A fresh block holds anything.
                        owner(block).store(me, Ordering::Relaxed);
                    }
                    for block in blocks {
                        assert_eq!(owner(block).load(Ordering::Relaxed), me, "it came out twice");
                        // SAFETY: live, and freed once.
                        unsafe { local.deallocate(block) };
                    }
                }
            });
        }
    });
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks, "one was lost");
}

/// The last owner goes while a batch of another thread is on its way back.
#[test]
fn last_drop_with_a_batch_in_flight() {
    with_every_strategy!(drop_last);
}

fn drop_last<S: Strategy>() {
    for _ in 0..common::often(200, 2) {
        let builder = Pool::builder(LAYOUT).strategy::<S>().batch(2);
        let pool = Arc::new(builder.build_thread_local().unwrap());
        let together = Arc::new(Barrier::new(3));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (pool, together) = (Arc::clone(&pool), Arc::clone(&together));
                thread::spawn(move || {
                    let blocks: Vec<_> = (0..5).map(|_| pool.allocate().unwrap()).collect();
                    together.wait();
                    for block in blocks {
                        // SAFETY: live, and freed once.
                        unsafe { pool.deallocate(block) };
                    }
                    // The last thread drops the pool, while other threads may still be ending.
                })
            })
            .collect();
        drop(pool);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// Notes the layout of each region, and refuses another one on its way back.
#[derive(Clone, Default)]
struct Strict(Arc<Mutex<BTreeMap<usize, Layout>>>);

// SAFETY: the system source's word.
unsafe impl Source for Strict {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        assert!(layout.size() > 0, "never nothing");
        let region = SystemSource.obtain(layout)?;
        assert_eq!(self.0.lock().unwrap().insert(region.addr().get(), layout), None);
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let obtained = self.0.lock().unwrap().remove(&region.addr().get());
        assert_eq!(obtained, Some(layout), "another layout, or twice");
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
    }
}

#[test]
fn memory_goes_back_with_the_layout_that_it_came_with() {
    with_every_strategy!(compare_layouts);
}

fn compare_layouts<S: Strategy>() {
    let strict = Strict::default();
    for (size, align) in [(1, 1), (24, 8), (100, 64), (4096, 4096)] {
        let layout = Layout::from_size_align(size, align).unwrap();
        let builder = Pool::builder(layout).strategy::<S>().batch(3).source(strict.clone());
        let pool = builder.build().unwrap();
        let local = pool.local().unwrap();
        let _live: Vec<_> = (0..100).map(|_| local.allocate().unwrap()).collect();
        drop(local);
        drop(pool);
        assert!(strict.0.lock().unwrap().is_empty(), "a region did not go back");
    }
}

/// On some machines of 32 bits a 64-bit integer is aligned to 4 bytes, an atomic one must not be.
#[test]
fn atomics_are_aligned_to_their_size() {
    assert_eq!(align_of::<AtomicU64>(), 8);
    assert_eq!(align_of::<AtomicU128>(), 16);
    assert_eq!((size_of::<AtomicU64>(), size_of::<AtomicU128>()), (8, 16));
}

/// One handle leaves while another one is made: the same slot, with all that is in it.
#[test]
fn a_release_does_not_race_the_next_user() {
    with_every_strategy!(pass_a_slot_on);
}

fn pass_a_slot_on<S: Strategy>() {
    let mut pool = Pool::builder(LAYOUT).strategy::<S>().batch(4).build().unwrap();
    thread::scope(|threads| {
        for me in 1..=3 {
            let pool = &pool;
            threads.spawn(move || {
                for _ in 0..common::often(2000, 4) {
                    let local = pool.local().unwrap();
                    let block = local.allocate().unwrap();
                    owner(block).store(me, Ordering::Relaxed);
                    drop(local);
                    let local = pool.local().unwrap();
                    assert_eq!(owner(block).load(Ordering::Relaxed), me, "somebody has it too");
                    // SAFETY: live, and freed once.
                    unsafe { local.deallocate(block) };
                }
            });
        }
    });
    assert!(pool.stats().slots <= 4, "three threads, and one look that came too early");
    assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
}

/// A thread gives its block, and the pool, to another one, which frees and drops both at once: what
/// the first one still does must not touch either.
#[test]
fn nothing_is_read_after_it_was_handed_over() {
    let (send, receive) = mpsc::channel::<(Arc<stampool::ThreadLocalPool>, Block)>();
    let other = thread::spawn(move || {
        for (pool, block) in receive {
            // SAFETY: live, and freed once.
            unsafe { pool.deallocate(block) };
        }
    });
    for _ in 0..common::often(500, 3) {
        let pool = Arc::new(Pool::builder(LAYOUT).batch(2).build_thread_local().unwrap());
        let block = pool.allocate().unwrap();
        send.send((pool, block)).unwrap();
    }
    drop(send);
    other.join().unwrap();
}

/// A partial batch is as long as it is, not as long as it could be.
#[test]
fn a_partial_batch_is_read_to_its_length() {
    with_every_strategy!(pass_remainders_on);
}

fn pass_remainders_on<S: Strategy>() {
    let mut pool = Pool::builder(LAYOUT).strategy::<S>().batch(8).build().unwrap();
    for count in 1..=17 {
        let mut live_blocks = LiveBlocks::default();
        let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
        let blocks: Vec<_> = (0..count).map(|_| one.allocate().unwrap()).collect();
        for block in blocks {
            // SAFETY: live, and freed once.
            unsafe { other.deallocate(block) };
        }
        drop((one, other));
        let last = pool.local().unwrap();
        for _ in 0..pool.stats().carved_blocks {
            live_blocks.allocated(last.allocate().unwrap(), LAYOUT);
        }
        for block in live_blocks.blocks() {
            // SAFETY: live, and freed once.
            unsafe { last.deallocate(block) };
        }
        drop(last);
        assert_eq!(pool.census().free_blocks(), pool.stats().carved_blocks);
    }
}

#[test]
fn every_alignment_up_to_64_kib_with_every_kind_of_size() {
    for shift in 0..=16 {
        let align = 1_usize << shift;
        for size in [1, align.div_ceil(2), align, align + 1, 3 * align] {
            let layout = Layout::from_size_align(size, align).unwrap();
            let pool = Pool::builder(layout).batch(2).chunk_blocks(3).build().unwrap();
            let local = pool.local().unwrap();
            let mut live_blocks = LiveBlocks::default();
            for _ in 0..5 {
                let block = local.allocate().unwrap();
                live_blocks.allocated(block, layout);
                // SAFETY: ours, of `size` bytes.
                unsafe { block.as_non_null().write_bytes(0xA5, size) };
            }
            for block in live_blocks.blocks() {
                live_blocks.freed(block);
                // SAFETY: live, and freed once.
                unsafe { local.deallocate(block) };
            }
            assert_eq!(live_blocks.live(), 0);
        }
    }
}

/// Also run in release, where sums wrap silently.
#[test]
fn sizes_at_the_end_of_the_address_space() {
    for k in 0..common::often(200, 3) {
        let huge = usize::MAX - k;
        let builder = || Pool::builder(LAYOUT);
        assert!(matches!(
            builder().batch(huge).build().err(),
            Some(BuildError::Batch { requested, .. }) if requested == huge
        ));
        let refused = builder().chunk_blocks(huge).build().err();
        let limit = isize::MAX as usize / LAYOUT.size();
        assert_eq!(refused, Some(BuildError::Chunk { requested: huge, limit }));
        let refused = builder().strategy::<stampool::EpochDeferred>().limbo_magazines(huge).build();
        assert!(matches!(refused.err(), Some(BuildError::LimboMagazines { .. })));
        // As good as no limit.
        let pool = builder().max_carved_blocks(huge).build().unwrap();
        assert!(pool.local().unwrap().allocate().is_ok());
        let Ok(layout) = Layout::from_size_align(isize::MAX as usize - k, 1) else { continue };
        // Miri ends the program that asks for so much.
        let source = stampool::source::LimitedSource::new(stampool::SystemSource, 1 << 30);
        match Pool::builder(layout).batch(1).source(source).build() {
            Ok(pool) => {
                assert_eq!(pool.local().unwrap().allocate(), Err(AllocError::OutOfMemory));
            }
            Err(error) => assert!(matches!(error, BuildError::BlockTooLarge { .. }), "{error}"),
        }
    }
}

/// Under Miri: `census` at the pool's end made a `&mut` to what this thread's handle points to.
#[test]
fn a_thread_outlives_an_object_pool_that_it_has_used() {
    let pool = ObjectPool::<u8>::builder().build().unwrap();
    drop(pool.create(1));
    drop(pool);
    let pool = StampedPool::new(|| Box::new(AtomicU64::new(1))).unwrap();
    let local = pool.local().unwrap();
    let name = local.allocate_with(|value, _| value.store(2, Ordering::Relaxed)).unwrap();
    local.free(name).unwrap();
}

#[test]
fn no_memory_is_an_error_and_no_null() {
    let builder = || {
        Pool::builder(LAYOUT)
            .strategy::<TaggedWide>()
            .source(FailingSource::default().refuse_from(0))
    };
    let pool = builder().build().unwrap();
    assert_eq!(pool.local().err(), Some(AllocError::OutOfMemory));
    assert_eq!(pool.prefill(1, 1), Err(AllocError::OutOfMemory));
    assert_eq!(pool.seal(), Err(AllocError::OutOfMemory));
    let refused = builder().build_thread_local().err();
    assert_eq!(refused, Some(BuildError::Fill { error: AllocError::OutOfMemory }));
    let pool = builder().build_exact().unwrap();
    assert_eq!(pool.allocate(), Err(AllocError::OutOfMemory));
    assert_eq!(pool.stats().carved_blocks, 0);
}

/// The thread's registration with the collector is then the last thing that refers to it, and
/// ending the one freed the other while it was borrowed (Tree Borrows).
#[test]
fn a_thread_outlives_an_epoch_pool_that_it_has_used() {
    let used_and_dropped = || {
        let pool = ObjectPool::builder().strategy::<EpochDeferred>().build().unwrap();
        drop(pool.create(1_u8).unwrap());
        drop(pool);
    };
    std::thread::spawn(used_and_dropped).join().unwrap();
}
