//! The arena with a capacity on mapped memory.

use core::alloc::Layout;

use stampool::alloc::SlabArena;

/// Address space alone: pages become memory when they are written.
#[test]
#[cfg(target_pointer_width = "64")]
fn an_arena_of_a_terabyte_takes_the_memory_that_is_used() {
    let arena = SlabArena::new(1 << 40).expect("a terabyte of addresses");
    let half = Layout::from_size_align(1 << 39, 1).expect("a layout");
    assert_eq!(arena.allocate(half).expect("half of it").len(), 1 << 39);
    let layout = Layout::new::<[u8; 100]>();
    let small = arena.allocate(layout).expect("room").cast::<u8>();
    // SAFETY: the block is live, and this long.
    unsafe { small.write_bytes(1, 100) };
    assert!(SlabArena::new((1 << 40) + 1).is_err());
    assert!(arena.stats().overhead_bytes < 200 << 20);
}
