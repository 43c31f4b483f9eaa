//! The arena with a capacity.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::collections::HashSet;
use std::panic::catch_unwind;

use stampool::alloc::{AllocError, SlabArena};
use stampool::source::CountingSource;
use stampool::{BuildError, Checking, Strategy};

pub(crate) const PAGE: usize = 4096;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

pub(crate) fn bytes(size: usize) -> Layout {
    layout(size, 1)
}

pub(crate) fn arena(capacity: usize) -> SlabArena {
    SlabArena::new(capacity).expect("an arena")
}

/// The message of the panic of `f`.
pub(crate) fn message(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("no panic");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| {
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).expect("a text")
    })
}

/// Allocates blocks until the arena refuses.
fn fill(arena: &SlabArena, layout: Layout) -> Vec<NonNull<u8>> {
    let mut blocks = vec![];
    loop {
        match arena.allocate(layout) {
            Ok(block) => {
                // SAFETY: the block is live and this long.
                unsafe { block.cast::<u8>().write_bytes(1, layout.size()) };
                blocks.push(block.cast());
            }
            Err(error) => {
                assert_eq!(error, AllocError::Capacity);
                return blocks;
            }
        }
    }
}

pub(crate) fn free_all<S: Strategy, C: Checking>(
    arena: &SlabArena<S, C>,
    blocks: Vec<NonNull<u8>>,
    layout: Layout,
) {
    for block in blocks {
        // SAFETY: live, of this layout, and freed once.
        unsafe { arena.deallocate(block, layout) };
    }
}

#[test]
fn an_arena_of_a_page_serves_small_blocks_or_one_page() {
    let arena = arena(PAGE);
    let small = fill(&arena, bytes(8));
    assert_eq!(small.len(), PAGE / 8, "blocks of 8 bytes in a page");
    assert_eq!(arena.allocate(bytes(PAGE)), Err(AllocError::Capacity));
    free_all(&arena, small, bytes(8));
    let whole = arena.allocate(bytes(PAGE)).expect("the page");
    assert_eq!((whole.len(), arena.stats().heap_bytes), (PAGE, PAGE));
    assert_eq!(arena.allocate(bytes(PAGE + 1)), Err(AllocError::Unsupported));
}

#[test]
fn zero_excessive_and_too_small_capacities_are_errors_that_say_what_can_be_had() {
    for capacity in [0, 1, PAGE - 1, usize::MAX, isize::MAX as usize] {
        let error = SlabArena::new(capacity).expect_err("no such arena");
        assert!(
            matches!(error, BuildError::ArenaCapacity { requested, least: PAGE, .. } if requested == capacity)
        );
        assert!(error.to_string().contains("where 4096 to "), "{error}");
    }
    assert_eq!(arena(PAGE * 2 - 1).stats().capacity_bytes, PAGE);
}

/// The numbers of classes and their waste, on the blocks that are handed out.
#[test]
fn no_block_above_128_bytes_loses_more_than_a_sixteenth() {
    let arena = arena(64 << 20);
    let mut sizes = HashSet::new();
    let mut size = 1;
    while size <= 4 << 20 {
        for asked in [size, size + 1] {
            let block = arena.allocate(bytes(asked)).expect("room");
            let has = block.len();
            sizes.insert(has);
            let lost = has - asked;
            assert!(if asked <= 128 { lost < 8 } else { lost * 16 < has }, "{asked}: {has}");
            // SAFETY: live, and freed once.
            unsafe { arena.deallocate(block.cast(), bytes(asked)) };
        }
        let step = if cfg!(miri) { size / 8 } else { size / 40 };
        size += if size < 4096 && !cfg!(miri) { 1 } else { step.max(1) };
    }
    assert!(cfg!(miri) || sizes.len() == 16 + 16 * 15, "the classes of up to 4 MiB");
}

#[test]
fn any_alignment_up_to_a_megabyte() {
    let arena = arena(32 << 20);
    for align in (0..=20).map(|bits| 1 << bits) {
        for size in [1, 24, 100, 5000, 70_000] {
            let layout = layout(size, align);
            let block = arena.allocate(layout).expect("room");
            assert!(block.cast::<u8>().addr().get().is_multiple_of(align.max(8)));
            assert!(block.len() >= size);
            // SAFETY: live, and freed once.
            unsafe { arena.deallocate(block.cast(), layout) };
        }
    }
    assert_eq!(arena.stats().allocated_bytes, 0);
}

#[test]
fn addresses_lead_to_their_class() {
    let arena = arena(1 << 20);
    let block = arena.allocate(bytes(1000)).expect("room").cast::<u8>();
    // SAFETY: within the block.
    let within = unsafe { block.add(999) };
    assert_eq!(arena.block_size(within), Some(1024));
    let large = arena.allocate(bytes(100_000)).expect("room").cast::<u8>();
    assert_eq!(arena.block_size(large), None);
    assert!(arena.owns(large) && arena.owns(within));
    let other = NonNull::from(&0_u8);
    assert!(!arena.owns(other) && arena.block_size(other).is_none());
}

#[test]
fn a_large_block_grows_and_shrinks_by_pages_where_it_lies() {
    let arena = arena(1 << 20);
    let (old, new) = (bytes(100_000), bytes(300_000));
    let block = arena.allocate(old).expect("room").cast::<u8>();
    // SAFETY: live, and the new size is larger.
    let grown = unsafe { arena.grow_in_place(block, old, new) }.expect("free pages lie behind");
    assert!(grown.len() >= 300_000 && grown.cast() == block);
    let next = arena.allocate(old).expect("room").cast::<u8>();
    // SAFETY: as above.
    let more = unsafe { arena.grow_in_place(block, new, bytes(400_000)) };
    assert_eq!(more, Err(AllocError::NotInPlace), "the next block lies there");
    let heap = arena.stats().heap_bytes;
    // SAFETY: live, and the new size is smaller.
    unsafe { arena.shrink_in_place(block, new, old) }.expect("pages go back");
    assert!(arena.stats().heap_bytes < heap);
    assert_eq!(arena.stats().allocated_blocks, 2);
    free_all(&arena, vec![block, next], old);
    assert_eq!((arena.stats().heap_bytes, arena.stats().allocated_blocks), (0, 0));
}

#[test]
fn what_the_pages_can_never_hold_is_unsupported_and_not_a_question_of_capacity() {
    let arena = arena(20 * PAGE);
    let _one = arena.allocate(bytes(8)).expect("room");
    for (size, align, error) in [
        (20 * PAGE, 1, AllocError::Capacity),
        (20 * PAGE + 1, 1, AllocError::Unsupported),
        (isize::MAX as usize, 1, AllocError::Unsupported),
        (1, usize::MAX / 16 + 1, AllocError::Unsupported),
    ] {
        assert_eq!(arena.allocate(layout(size, align)), Err(error), "{size} {align}");
    }
    let small = SlabArena::new(4 * PAGE).expect("an arena");
    assert_eq!(small.allocate(bytes(40_000)), Err(AllocError::Unsupported), "a class with a pool");
}

#[test]
fn a_large_block_that_is_freed_twice_or_foreign_panics_and_changes_nothing() {
    let arena = arena(1 << 20);
    let (old, other) = (bytes(100_000), bytes(300_000));
    let block = arena.allocate(old).expect("room").cast::<u8>();
    let wrong = |pointer: NonNull<u8>, layout| {
        // SAFETY: not kept: the arena looks, and panics.
        message(|| unsafe { arena.deallocate(pointer, layout) })
    };
    assert!(wrong(block, other).contains("another size than"), "a wrong layout");
    // SAFETY: within the block.
    let within = unsafe { block.add(PAGE) };
    let inner = wrong(within, old);
    assert!(inner.contains("no block of this layout begins at"), "within a block: {inner}");
    assert!(wrong(NonNull::from(&0_u8), old).contains("is not of this arena"));
    // A layout of two blocks that lie side by side.
    let next = arena.allocate(old).expect("room").cast::<u8>();
    let both = arena.stats().allocated_bytes;
    assert!(next > block && wrong(block, bytes(both)).contains("another size than"), "two blocks");
    free_all(&arena, vec![block, next], old);
    assert!(wrong(block, old).contains("it was freed, or never allocated"), "twice");
    assert_eq!(arena.stats().allocated_blocks, 0);
    fill(&arena, old);
}

#[test]
fn a_reset_ends_all_blocks_and_the_arena_is_as_new() {
    let mut arena = arena(1 << 20);
    for _ in 0..3 {
        fill(&arena, bytes(70_000));
        fill(&arena, bytes(24));
        assert!(arena.allocate(bytes(PAGE)).is_err());
        arena.reset();
        let stats = arena.stats();
        assert_eq!((stats.heap_bytes, stats.allocated_blocks), (0, 0));
        assert_eq!(arena.allocate(bytes(1 << 20)).expect("all of it").len(), 1 << 20);
        arena.reset();
    }
}

#[test]
fn uniform_blocks_use_nine_tenths_of_the_capacity() {
    for size in [16, 48, 100, 1000, 2200, 4096, 9000, 33_000, 70_000] {
        for capacity in [1 << 20, 8 << 20] {
            if cfg!(miri) && (size < 1000 || capacity > 1 << 20) {
                continue;
            }
            let arena = arena(capacity);
            let blocks = fill(&arena, bytes(size));
            let usable = arena.stats().allocated_bytes;
            assert!(usable >= blocks.len() * size);
            assert!(usable * 10 >= capacity * 9, "{usable} of {capacity} for {size}");
        }
    }
}

#[test]
fn the_region_comes_once_and_goes_back_once() {
    let source = CountingSource::default();
    let counts = source.counts();
    let arena = SlabArena::builder(1 << 20).source(source).build().expect("an arena");
    fill(&arena, bytes(100));
    let elsewhere = std::thread::scope(|scope| {
        scope.spawn(|| arena.allocate(bytes(300)).is_err()).join().expect("no panic")
    });
    assert!(elsewhere, "another thread finds it full");
    assert_eq!((counts.calls(), counts.released()), (1, 0));
    drop(arena);
    assert_eq!((counts.released(), counts.sources()), (1, 0));
}

#[test]
fn pages_of_free_blocks_go_to_a_class_that_lacks_pages() {
    let arena = arena(1 << 20);
    let blocks = std::thread::scope(|scope| {
        let fill = scope.spawn(|| {
            let blocks = fill(&arena, bytes(64));
            let count = blocks.len();
            free_all(&arena, blocks, bytes(64));
            count
        });
        fill.join().expect("no panic")
    });
    assert!(blocks * 64 > 900 << 10);
    assert!(arena.stats().heap_bytes > 900 << 10, "the class keeps its pages");
    arena.allocate(bytes(900_000)).expect("its pages go to the request");
}

#[test]
fn a_trim_gives_the_pages_of_free_blocks_back() {
    let arena = arena(1 << 20);
    let mut blocks = fill(&arena, bytes(1000));
    let kept = blocks.pop().expect("many");
    free_all(&arena, blocks, bytes(1000));
    let heap = arena.stats().heap_bytes;
    let went = arena.trim().expect("a trim");
    assert_eq!(arena.stats().heap_bytes, heap - went, "other bytes went than it says");
    assert!(arena.stats().heap_bytes < 64 << 10, "the chunk of the block that is in use");
    free_all(&arena, vec![kept], bytes(1000));
    arena.trim().expect("a trim");
    assert_eq!(arena.stats().heap_bytes, 0, "a page is left");
}

#[test]
fn each_arena_has_its_own_table() {
    let layout = bytes(100);
    for _ in 0..3 {
        let (one, other) = (arena(1 << 20), arena(1 << 20));
        for arena in [&one, &other, &one, &other] {
            let block = arena.allocate(layout).expect("room").cast::<u8>();
            assert!(arena.owns(block), "a block of another arena");
            // SAFETY: live, and freed once.
            unsafe { arena.deallocate(block, layout) };
        }
        assert_eq!((one.stats().allocated_blocks, other.stats().allocated_blocks), (0, 0));
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes a gigabyte of addresses")]
#[cfg(target_pointer_width = "64")]
fn the_bits_grow_with_the_pages_that_are_taken() {
    let arena = arena(1 << 30);
    let first = arena.stats().overhead_bytes;
    let layout = bytes(90 << 20);
    let mut blocks: Vec<_> = core::iter::from_fn(|| arena.allocate(layout).ok()).collect();
    assert!(blocks.len() >= 10, "{} of 11", blocks.len());
    blocks.sort_by_key(|block| block.cast::<u8>());
    for pair in blocks.windows(2) {
        let apart = pair[1].cast::<u8>().addr().get() - pair[0].cast::<u8>().addr().get();
        assert!(apart >= pair[0].len(), "two blocks overlap");
    }
    let stats = arena.stats();
    assert_eq!(stats.heap_bytes, stats.allocated_bytes);
    assert!(stats.overhead_bytes > first && stats.overhead_bytes < 1 << 20);
    free_all(&arena, blocks.into_iter().map(NonNull::cast).collect(), layout);
    assert_eq!(arena.allocate(bytes(1 << 30)).expect("all pages").len(), 1 << 30);
}

#[test]
#[cfg_attr(miri, ignore = "it takes a gigabyte of addresses")]
#[cfg(target_pointer_width = "64")]
fn a_block_grows_over_pages_that_the_bits_do_not_cover_yet() {
    let arena = arena(1 << 30);
    let (old, new) = (bytes(256 << 20), bytes(300 << 20));
    let block = arena.allocate(old).expect("room").cast::<u8>();
    // SAFETY: live, and the new size is larger.
    let grown = unsafe { arena.grow_in_place(block, old, new) }.expect("the pages behind are free");
    assert_eq!(arena.stats().heap_bytes, grown.len());
    // SAFETY: live, of this layout, and freed once.
    unsafe { arena.deallocate(block, new) };
    assert_eq!(arena.stats().heap_bytes, 0);
}

#[test]
fn a_class_takes_a_hundredth_of_the_pages_at_a_time() {
    let capacity = 64 << 20;
    let arena = arena(capacity);
    let mut heap = 0;
    for size in [8, 100, 1000, 4096, 40_000] {
        for _ in 0..2_000_000 / size {
            _ = arena.allocate(bytes(size)).expect("room");
            let now = arena.stats().heap_bytes;
            assert!(now - heap <= capacity / 100 + PAGE, "{size}: takes more than its share");
            heap = now;
            if cfg!(miri) {
                break;
            }
        }
    }
}

#[test]
fn texts_say_what_there_is() {
    let arena = arena(1 << 20);
    let _block = arena.allocate(bytes(1000)).expect("room");
    assert!(format!("{arena:?}").starts_with("SlabArena { usage: Usage { used_bytes: 1024, "));
    let builder = SlabArena::builder(5000).checked();
    assert_eq!(
        format!("{builder:?}"),
        "SlabArenaBuilder { strategy: \"TaggedWide\", checking: \"checked\", capacity_bytes: 5000, .. }"
    );
    let class = arena.classes()[0];
    assert_eq!((class.block_bytes, class.allocated_blocks), (1024, 1));
    assert!(class.utilisation() > 0.0 && arena.stats().utilisation() <= 1.0);
}
