//! Sources that refuse or panic.

use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::panic::catch_unwind;

use stampool::alloc::{AllocError, Placement, StrategyPool, Usage};
use stampool::source::FailingSource;

use super::{NODE, PLACEMENTS, bytes};
use crate::sources::buffer;

/// Each part runs out of memory by itself, and all of them go on when a block of another one is freed.
#[test]
fn memory_runs_out_in_each_part() {
    for placement in PLACEMENTS {
        let pool = StrategyPool::with_first_chunk(buffer(8 << 10), 8 << 10);
        let pool = pool.with_fixed(NODE).expect("a fixed layout");
        let large = pool.allocate(bytes(4000)).expect("memory");
        let mut blocks = Vec::new();
        let reason = loop {
            match pool.allocate_with(NODE, placement) {
                Ok(block) => blocks.push(block),
                Err(reason) => break reason,
            }
        };
        assert_eq!(reason, AllocError::OutOfMemory, "{placement:?}");
        let usage = pool.usage();
        assert_eq!(pool.allocate_with(NODE, placement), Err(AllocError::OutOfMemory));
        assert_eq!(pool.usage(), usage, "{placement:?}: a refusal changes nothing");
        // SAFETY: the block is live.
        unsafe { pool.deallocate(large.cast(), bytes(4000)) };
        blocks.push(pool.allocate_with(NODE, placement).expect("what was freed"));
        for block in blocks {
            // SAFETY: the block is live.
            unsafe { pool.deallocate(block.cast(), NODE) };
        }
        assert_eq!(pool.usage().used_bytes, 0, "{placement:?}");
    }
}

/// A class that has no room for a chunk does not stand in the way of a block for which there is room.
#[test]
fn a_class_without_memory_asks_the_heap() {
    let pool = StrategyPool::with_first_chunk(buffer(4 << 10), 4 << 10);
    let layout = bytes(600);
    let fill = |size| while pool.allocate_with(bytes(size), Placement::BestFit).is_ok() {};
    let last = pool.allocate_with(bytes(640), Placement::BestFit).expect("memory");
    fill(16);
    // SAFETY: the block is live.
    unsafe { pool.deallocate(last.cast(), bytes(640)) };
    assert_eq!(pool.allocate_with(layout, Placement::Pooled), Err(AllocError::OutOfMemory));
    let block = pool.allocate(layout).expect("the heap has room");
    assert_eq!(block, NonNull::slice_from_raw_parts(last.cast(), 608));
}

/// The heap is lent to a part for one call. A source that panics in that call does not leave it lent.
#[test]
fn a_source_that_panics_leaves_the_pool_as_it_was() {
    for placement in PLACEMENTS {
        let source = FailingSource::default();
        let faults = source.faults();
        let pool = StrategyPool::with_first_chunk(source, 100).with_fixed(NODE).expect("a layout");
        faults.panic_at(0);
        let unwound = catch_unwind(AssertUnwindSafe(|| pool.allocate_with(NODE, placement)));
        assert!(unwound.is_err(), "{placement:?}");
        assert_eq!(pool.usage(), Usage::default(), "{placement:?}");
        // At another address the heap serves the parts as before.
        let pool = Box::new(pool);
        let block = pool.allocate_with(NODE, placement).expect("memory");
        // SAFETY: the block is live.
        unsafe { pool.deallocate(block.cast(), NODE) };
        assert_eq!(pool.usage().used_bytes, 0, "{placement:?}");
    }
}
