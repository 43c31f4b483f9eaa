//! Threads on an arena with a capacity.

use core::cell::RefCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use stampool::alloc::SlabArena;
use stampool::{EpochDeferred, Locked, Quiescent, Strategy, TaggedPacked, TaggedWide};

use super::slab::{PAGE, arena, bytes};

fn threads_fill_and_free<S: Strategy>(capacity: usize, size: usize) {
    let mut arena =
        SlabArena::builder(capacity).strategy::<S>().build().expect("an arena of this strategy");
    let threads = if cfg!(miri) { 2 } else { 4 };
    let filled: usize = std::thread::scope(|scope| {
        let arena = &arena;
        let work = move || {
            let layout = bytes(size);
            let mut blocks = vec![];
            for _ in 0..2 {
                while let Ok(block) = arena.allocate(layout) {
                    assert!(arena.stats().heap_bytes <= capacity);
                    // SAFETY: live, and this thread's.
                    unsafe { block.cast::<u8>().write_bytes(7, size) };
                    blocks.push(block.cast::<u8>());
                }
                let keep = blocks.len() / 2;
                for block in blocks.split_off(keep) {
                    // SAFETY: live, of this layout, and freed once.
                    unsafe { arena.deallocate(block, layout) };
                }
            }
            blocks.len()
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    let census = arena.census();
    assert_eq!(census.allocated_blocks, filled, "{}: blocks of {size} bytes were lost", S::NAME);
    assert!(census.heap_bytes <= capacity);
    arena.reset();
    assert_eq!(arena.stats().heap_bytes, 0);
}

#[test]
fn the_census_is_exact_after_threads_have_filled_and_freed() {
    for size in [16, 1000, 5000, 100_000] {
        let capacity = if cfg!(miri) { 16 * PAGE } else { 1 << 20 };
        threads_fill_and_free::<TaggedWide>(capacity, size);
        threads_fill_and_free::<TaggedPacked>(capacity, size);
        threads_fill_and_free::<Quiescent>(capacity, size);
        threads_fill_and_free::<Locked>(capacity, size);
        threads_fill_and_free::<EpochDeferred>(capacity, size);
    }
}

/// Uses its arena when the thread's storage is being taken down: before the handles go, or after them.
struct LateCaller(RefCell<Option<(Arc<SlabArena>, usize)>>);

impl Drop for LateCaller {
    fn drop(&mut self) {
        let Some((arena, block)) = self.0.take() else { return };
        let more = arena.allocate(bytes(100)).expect("room").cast::<u8>();
        let large = arena.allocate(bytes(5000)).expect("room").cast::<u8>();
        for (block, size) in [
            (NonNull::with_exposed_provenance(block.try_into().expect("a block")), 100),
            (more, 100),
            (large, 5000),
        ] {
            // SAFETY: live, and this long.
            unsafe { block.write_bytes(1, size) };
            // SAFETY: live, of this layout, and freed once.
            unsafe { arena.deallocate(block, bytes(size)) };
        }
        LATE_CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

static LATE_CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static LATE: LateCaller = const { LateCaller(RefCell::new(None)) };
}

#[test]
fn a_thread_local_destructor_may_allocate_and_free() {
    let arena = Arc::new(arena(1 << 20));
    for registered_first in [true, false].repeat(if cfg!(miri) { 2 } else { 20 }) {
        let shared = Arc::clone(&arena);
        let run = move || {
            // Destructors run in the order of first use, or against it: both are had.
            if registered_first {
                LATE.with(|_| ());
            }
            let block = shared.allocate(bytes(100)).expect("room").cast::<u8>();
            let block = block.expose_provenance().get();
            LATE.with(|late| *late.0.borrow_mut() = Some((shared, block)));
        };
        std::thread::spawn(run).join().expect("no panic");
    }
    assert_eq!(LATE_CALLS.load(Ordering::Relaxed), if cfg!(miri) { 4 } else { 40 });
    let mut arena = Arc::into_inner(arena).expect("all threads have ended");
    assert_eq!(arena.census().allocated_blocks, 0, "a block was lost");
    assert!(arena.trim().expect("a trim") > 0);
    assert_eq!(arena.stats().heap_bytes, 0, "a cache of a thread that has ended has kept a block");
}

/// Restates the concurrent test of gostore's arena, where a heap of 4.8 GB held a fraction of it.
#[test]
fn threads_that_replace_blocks_of_any_size_need_a_quarter_more_than_is_live() {
    let arena = arena(256 << 20);
    let (threads, window, replaced) = if cfg!(miri) { (2, 20, 50) } else { (4, 10_000, 60_000) };
    let work = |thread: usize| {
        let mut random = thread * 7919 + 1;
        let mut next = |bound: usize| {
            random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            (random >> 16) % bound
        };
        let mut new = || {
            let layout = bytes(96 + next(3000));
            (arena.allocate(layout).expect("room").cast::<u8>().addr(), layout)
        };
        let mut blocks: Vec<_> = (0..window).map(|_| new()).collect();
        for round in 0..replaced {
            let at = (round * 7) % window;
            let (block, layout) = core::mem::replace(&mut blocks[at], new());
            // SAFETY: live, of this layout, and freed once.
            unsafe { arena.deallocate(NonNull::with_exposed_provenance(block), layout) };
        }
        blocks.iter().map(|(_, layout)| layout.size()).sum::<usize>()
    };
    let live: usize = std::thread::scope(|scope| {
        let work = &work;
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        all.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    let heap = arena.stats().heap_bytes;
    assert!(cfg!(miri) || heap * 4 <= live * 5, "{heap} bytes of pages for {live} live bytes");
}

/// Each number of threads fills each arena with blocks of one size.
fn fills(capacities: &[usize]) {
    for capacity in capacities {
        for threads in [2, 4, 8, 16] {
            for size in [4096, 20_000] {
                let arena = arena(*capacity);
                let fill = || {
                    let mut most = 0;
                    for nth in 0.. {
                        if arena.allocate(bytes(size)).is_err() {
                            break;
                        }
                        if nth % 64 == 0 {
                            most = arena.stats().heap_bytes.max(most);
                        }
                    }
                    most
                };
                let most = std::thread::scope(|scope| {
                    let all: Vec<_> = (0..threads).map(|_| scope.spawn(fill)).collect();
                    all.into_iter().map(|thread| thread.join().expect("no panic")).max()
                });
                let stats = arena.stats();
                let (usable, heap) = (stats.allocated_bytes, stats.heap_bytes);
                assert!(most <= Some(*capacity) && heap <= *capacity);
                let what = format!("{usable} of {capacity} for {size}, {threads} threads");
                assert!(usable / 9 >= capacity / 10, "{what}");
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "sixteen threads")]
fn threads_fill_nine_tenths_of_an_arena() {
    fills(&[1 << 20, 16 << 20]);
}

#[test]
#[ignore = "large arenas, for the deep tier: optimised"]
#[cfg(target_pointer_width = "64")]
fn threads_fill_nine_tenths_of_a_large_arena() {
    fills(&[256 << 20, 1 << 30, 4 << 30]);
}
