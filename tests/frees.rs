//! A free asks for no memory, and neither does a handle that leaves. An allocator that counts what
//! each thread asks of it checks that.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

use stampool::raw::each_strategy;
use stampool::{Block, EpochDeferred, Pool, Strategy};

/// The system's allocator, counted.
struct Counting;

thread_local! {
    /// Allocations of this thread.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asks for memory.
fn asked<R>(work: impl FnOnce() -> R) -> usize {
    let before = ASKED.get();
    work();
    ASKED.get() - before
}

/// What 80,000 frees ask for, and then two handles that leave with blocks in hand.
fn frees_and_leaves<S: Strategy>() -> (usize, usize) {
    let layout = Layout::new::<[u64; 4]>();
    let pool = Pool::builder(layout).strategy::<S>().batch(4).build().unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let mut by_frees = 0;
    for _ in 0..20_000 {
        let blocks: [Block; 4] = core::array::from_fn(|_| one.allocate().unwrap());
        by_frees += asked(|| {
            for block in blocks {
                // SAFETY: just allocated, and freed once.
                unsafe { other.deallocate(block) };
            }
        });
    }
    (by_frees, asked(|| drop((one, other))))
}

#[test]
fn a_free_and_a_leave_ask_for_no_memory() {
    each_strategy!(S => {
        if S::NAME != EpochDeferred::NAME {
            assert_eq!(frees_and_leaves::<S>(), (0, 0), "{}", S::NAME);
        }
    });
}

/// A pin collects now and then, collecting retires nodes of the collector's queue, and a bag that
/// is full of those wants a node; a participant that ends seals its bag.
#[test]
fn the_epochs_collector_asks_now_and_then() {
    let (by_frees, by_leaves) = frees_and_leaves::<EpochDeferred>();
    assert!(by_frees <= 80, "once in a thousand frees is what the docs mean by some: {by_frees}");
    assert!(by_leaves <= 4, "{by_leaves}");
}
