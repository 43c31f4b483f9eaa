//! Which part serves a block, and takes it back.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::BuildError;
use stampool::alloc::wrap::Checked;
use stampool::alloc::{AllocError, Placement, StrategyPool};

use super::{NODE, PLACEMENTS, bytes, pool};

#[test]
fn a_block_goes_back_to_the_part_that_it_came_from() {
    let pool = pool();
    let layout = bytes(40);
    for placement in PLACEMENTS {
        let first = pool.allocate_with(layout, placement).expect("memory");
        // Blocks of the same layout from all other parts, so that only the address tells them apart.
        let others = PLACEMENTS.map(|other| pool.allocate_with(layout, other).expect("memory"));
        for size in [40, first.len()] {
            // SAFETY: the block is live, and any size up to its length fits it.
            unsafe { pool.deallocate(first.cast(), bytes(size)) };
            let again = pool.allocate_with(layout, placement).expect("memory");
            assert_eq!(again, first, "{placement:?}: its memory serves the next one there");
        }
        for block in others.into_iter().chain([first]) {
            // SAFETY: the block is live.
            unsafe { pool.deallocate(block.cast(), layout) };
        }
        assert_eq!(pool.usage().used_bytes, 0, "{placement:?}");
    }
}

#[test]
fn a_placement_serves_what_its_documentation_says() {
    let pool = pool();
    let len = |size, placement| pool.allocate_with(bytes(size), placement).map(|block| block.len());
    for (size, class) in [(1, 16), (16, 16), (17, 32), (513, 1024), (1024, 1024)] {
        assert_eq!(len(size, Placement::Pooled), Ok(class));
        assert_eq!(len(size, Placement::Segregated), Ok(class));
        assert_eq!(len(size, Placement::BestFit), Ok(size.next_multiple_of(16)));
    }
    assert_eq!(len(1025, Placement::Pooled), Err(AllocError::Unsupported));
    assert_eq!(len(1025, Placement::Segregated), Ok(1040));
    assert_eq!(len(40, Placement::Fixed), Ok(40));
    assert_eq!(len(41, Placement::Fixed), Err(AllocError::Unsupported));
    let strict = Layout::from_size_align(32, 32).expect("a layout");
    assert_eq!(pool.allocate_with(strict, Placement::Pooled), Err(AllocError::Unsupported));
    let block = pool.allocate(strict).expect("the heap serves it").cast::<u8>();
    assert!(block.addr().get().is_multiple_of(32));
    let without = StrategyPool::default();
    let refused = without.allocate_with(bytes(8), Placement::Fixed);
    assert_eq!(refused, Err(AllocError::Unsupported));
    let all = isize::MAX.cast_unsigned();
    for placement in PLACEMENTS {
        let refused = pool.allocate_with(bytes(all), placement);
        assert_eq!(refused, Err(AllocError::Unsupported), "{placement:?}: nobody has so much");
        let empty = pool.allocate_with(bytes(0), placement).expect("a block without bytes");
        assert_eq!(empty.len(), 0);
        // SAFETY: the block is live, and has no bytes.
        unsafe { pool.deallocate(empty.cast(), bytes(0)) };
    }
}

#[test]
fn a_block_that_shrinks_below_its_class_moves() {
    let pool = pool();
    let block = pool.allocate_with(bytes(100), Placement::Pooled).expect("memory").cast::<u8>();
    // SAFETY: the block is live, and so long.
    unsafe { block.write_bytes(7, 100) };
    // SAFETY: the block is live, and the new size is smaller.
    let stays = unsafe { pool.shrink_in_place(block, bytes(100), bytes(65)) };
    assert_eq!(stays.expect("the same class").len(), 128);
    // SAFETY: as above.
    let moves = unsafe { pool.shrink_in_place(block, bytes(65), bytes(64)) };
    assert_eq!(moves, Err(AllocError::NotInPlace));
    // SAFETY: as above.
    let moved = unsafe { pool.shrink(block, bytes(65), bytes(20)) }.expect("memory");
    assert_eq!(moved.len(), 32);
    // SAFETY: these bytes moved with the block.
    assert_eq!(unsafe { moved.cast::<[u8; 20]>().read() }, [7; 20]);
    // SAFETY: the block is live.
    unsafe { pool.deallocate(moved.cast(), bytes(32)) };
    assert_eq!(pool.usage().used_bytes, 0);
}

#[test]
fn what_cannot_be_a_fixed_layout_is_an_error() {
    let fixed = |layout| StrategyPool::default().with_fixed(layout).map(drop);
    assert_eq!(fixed(bytes(0)), Err(BuildError::ZeroSize));
    let size = isize::MAX.cast_unsigned();
    assert_eq!(fixed(bytes(size)), Err(BuildError::BlockTooLarge { size }));
    // One part alone: the blocks of another one might be live.
    let second = catch_unwind(|| pool().with_fixed(NODE));
    assert!(second.is_err());
}

#[test]
fn checked_finds_what_is_not_a_live_block_of_the_pool() {
    let report = |misuse: fn(&Checked<StrategyPool>)| {
        let pool = Checked::new(pool());
        catch_unwind(AssertUnwindSafe(|| misuse(&pool))).is_err()
    };
    assert!(report(|pool| {
        let other = StrategyPool::default();
        let block = other.allocate(NODE).expect("memory").cast();
        // SAFETY: not so, and `Checked` says it.
        unsafe { pool.deallocate(block, NODE) };
    }));
    assert!(report(|pool| {
        let block = pool.allocate(NODE).expect("memory").cast();
        // SAFETY: the block is live.
        unsafe { pool.deallocate(block, NODE) };
        // SAFETY: not so.
        unsafe { pool.deallocate(block, NODE) };
    }));
    assert!(report(|pool| {
        let block = pool.allocate(NODE).expect("memory").cast();
        // SAFETY: not so: the layout is another one.
        unsafe { pool.deallocate(block, bytes(400)) };
    }));
}
