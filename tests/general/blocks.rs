//! Single blocks: sizes, alignments, resizing, bytes that are zero.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

use stampool::general::Stampool;

use super::ALLOCATOR;

pub(crate) fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

/// The place of a byte.
fn byte(block: NonNull<u8>, nth: usize) -> NonNull<u8> {
    // SAFETY: the callers' blocks have so many bytes.
    unsafe { block.add(nth) }
}

/// A block, its first and last byte written.
pub(crate) fn take(layout: Layout) -> NonNull<u8> {
    // SAFETY: not without bytes.
    let block = NonNull::new(unsafe { ALLOCATOR.alloc(layout) }).expect("memory");
    assert!(block.addr().get().is_multiple_of(layout.align()), "{layout:?}");
    // SAFETY: the first byte.
    unsafe { block.write(1) };
    // SAFETY: the last byte.
    unsafe { byte(block, layout.size() - 1).write(2) };
    block
}

/// Gives a block back that [`take`] returned.
pub(crate) fn give(block: NonNull<u8>, layout: Layout) {
    if layout.size() > 1 {
        // SAFETY: the first byte.
        assert_eq!(unsafe { block.read() }, 1, "{layout:?}");
    }
    // SAFETY: the last byte.
    assert_eq!(unsafe { byte(block, layout.size() - 1).read() }, 2, "{layout:?}");
    // SAFETY: live, and of this layout.
    unsafe { ALLOCATOR.dealloc(block.as_ptr(), layout) };
}

#[test]
fn every_size_and_alignment() {
    let mut live = vec![];
    for align in (0..=22).map(|bits| 1 << bits) {
        for size in [1, 15, 16, 17, 100, 128, 129, 5000, 32_768, 32_769, 100_000, 1 << 20, 3 << 20]
        {
            for _ in 0..2 {
                let layout = layout(size, align);
                live.push((take(layout), layout));
            }
        }
    }
    let mut ranges: Vec<_> =
        live.iter().map(|(block, layout)| (block.addr().get(), layout.size())).collect();
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        assert!(pair[0].0 + pair[0].1 <= pair[1].0, "two blocks overlap");
    }
    live.into_iter().for_each(|(block, layout)| give(block, layout));
}

#[test]
fn a_block_that_is_resized_keeps_its_bytes() {
    let sizes =
        [1, 16, 20, 200, 33_000, 40_000, 900_000, 1 << 21, 5 << 20, 1 << 21, 70_000, 1000, 3];
    for align in [1, 64, 4096, 1 << 16, 1 << 21] {
        let mut old = layout(8, align);
        let mut block = take(old);
        for (nth, size) in sizes.into_iter().enumerate() {
            let kept = old.size().min(size);
            let mark = u8::try_from(nth).expect("few") + 3;
            // SAFETY: within both the old block and the new one.
            unsafe { byte(block, kept - 1).write(mark) };
            // SAFETY: live, and of this layout.
            let moved = unsafe { ALLOCATOR.realloc(block.as_ptr(), old, size) };
            block = NonNull::new(moved).expect("memory");
            old = layout(size, align);
            assert!(block.addr().get().is_multiple_of(align));
            // SAFETY: within the block.
            assert_eq!(unsafe { byte(block, kept - 1).read() }, mark, "{size} aligned to {align}");
            // SAFETY: the last byte.
            unsafe { byte(block, size - 1).write(0) };
        }
        // SAFETY: live, and of this layout.
        unsafe { ALLOCATOR.dealloc(block.as_ptr(), old) };
    }
}

#[test]
fn zeroed_blocks_are_zero_also_when_they_come_again() {
    for size in [1, 100, 5000, 32_768, 500_000, 1 << 20, 3 << 20] {
        for _ in 0..5 {
            let layout = layout(size, 8);
            // SAFETY: not without bytes.
            let block = NonNull::new(unsafe { ALLOCATOR.alloc_zeroed(layout) }).expect("memory");
            // SAFETY: so many bytes.
            let bytes = unsafe { core::slice::from_raw_parts_mut(block.as_ptr(), size) };
            assert!(bytes.iter().all(|byte| *byte == 0), "{size} bytes: not zero");
            bytes.fill(7);
            // SAFETY: live, and of this layout.
            unsafe { ALLOCATOR.dealloc(block.as_ptr(), layout) };
        }
    }
}

#[test]
fn a_size_that_nobody_has_is_null_and_the_program_goes_on() {
    for size in [isize::MAX as usize & !4095, isize::MAX as usize - 4095, 1 << 60] {
        for align in [1, 4096, 1 << 22] {
            let Ok(huge) = Layout::from_size_align(size, align) else { continue };
            // SAFETY: not without bytes.
            assert!(unsafe { ALLOCATOR.alloc(huge) }.is_null(), "{huge:?}");
            // SAFETY: as above.
            assert!(unsafe { ALLOCATOR.alloc_zeroed(huge) }.is_null(), "{huge:?}");
        }
        for old in [layout(100, 8), layout(3 << 20, 8)] {
            let block = take(old);
            // SAFETY: live, of this layout, and the size is not more than a layout may have.
            let moved = unsafe { ALLOCATOR.realloc(block.as_ptr(), old, size & !4095) };
            assert!(moved.is_null());
            give(block, old);
        }
    }
    assert!(Vec::<u8>::new().try_reserve(1 << 60).is_err());
}

#[test]
fn mappings_that_are_kept_go_back_when_they_are_trimmed() {
    let large = layout(5 << 20, 8);
    for _ in 0..40 {
        let blocks = [take(large), take(large)];
        blocks.into_iter().for_each(|block| give(block, large));
    }
    assert!(Stampool.trim() <= 64 << 20, "more is kept than may be");
}

#[test]
fn statistics_are_those_of_the_blocks_in_use() {
    // A class that nothing else in this program uses.
    let layout = layout(28_000, 8);
    let drawn = || {
        let mut drawn = 0;
        ALLOCATOR.classes(|class| {
            if class.block_bytes == 28 << 10 {
                drawn = class.drawn_blocks;
            }
        });
        drawn
    };
    let before = drawn();
    std::thread::spawn(move || {
        let blocks: Vec<_> = (0..50).map(|_| take(layout)).collect();
        assert_eq!(drawn() - before, 50, "batches of one block");
        blocks.into_iter().for_each(|block| give(block, layout));
    })
    .join()
    .expect("no panic");
    assert_eq!(drawn(), before, "the thread has ended, and handed its blocks in");
    assert!(ALLOCATOR.stats().source_bytes >= ALLOCATOR.stats().carved_bytes);
}
