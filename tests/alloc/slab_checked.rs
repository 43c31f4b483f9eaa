//! The arena with a capacity that looks at what it gets back.

use core::ptr::NonNull;

use stampool::alloc::{AllocError, SlabArena};

use super::slab::{PAGE, bytes, free_all, message};

#[test]
fn a_checked_arena_reports_a_small_block_that_is_freed_twice_or_foreign() {
    let arena = SlabArena::builder(1 << 20).checked().build().expect("an arena");
    let block = arena.allocate(bytes(100)).expect("room").cast::<u8>();
    let wrong = |pointer: NonNull<u8>, layout| {
        // SAFETY: not kept: the arena looks, and panics.
        message(|| unsafe { arena.deallocate(pointer, layout) })
    };
    let foreign = wrong(NonNull::from(&0_u64).cast(), bytes(100));
    assert!(foreign.contains("is not of this arena"), "{foreign}");
    let other = wrong(block, bytes(1000));
    assert!(
        other.contains("has 104 bytes, and was freed with a layout of 1024"),
        "another class: {other}"
    );
    let empty = wrong(block, bytes(0));
    assert!(empty.contains("freed as one without bytes"), "{empty}");
    let large = arena.allocate(bytes(100_000)).expect("room").cast::<u8>();
    let small = wrong(large, bytes(100));
    assert!(small.contains("has more than 64 KiB"), "{small}");
    free_all(&arena, vec![large], bytes(100_000));
    let never = wrong(large, bytes(100));
    assert!(never.contains("it was freed, or never allocated"), "{never}");
    // SAFETY: live, and freed once.
    unsafe { arena.deallocate(block, bytes(100)) };
    let twice = wrong(block, bytes(100));
    assert!(twice.contains("free"), "{twice}");
}

#[test]
fn a_small_checked_arena_serves_what_fits_beside_its_words() {
    for pages in [1, 2, 3, 8] {
        for size in (8_usize..6000).step_by(if cfg!(miri) { 1000 } else { 40 }) {
            let arena = SlabArena::builder(pages * PAGE).checked().build().expect("an arena");
            let fits = size.next_multiple_of(PAGE) * 2 <= pages * PAGE || size <= 2048;
            let block = arena.allocate(bytes(size));
            match block {
                Ok(block) => free_all(&arena, vec![block.cast()], bytes(size)),
                Err(error) => {
                    assert!(!fits, "{size} bytes in {pages} pages: {error}");
                    assert_eq!(error, AllocError::Unsupported, "{size} bytes in {pages} pages");
                }
            }
        }
    }
}
