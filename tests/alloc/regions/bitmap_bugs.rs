//! Faults that bitmap allocators had, each named after what broke. [`Bitmap`] must not have them.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use stampool::alloc::{AllocError, Bitmap, Fit};
use stampool::{BufferSource, BuildError, SystemSource};

use super::{BLOCK, Numbered, assert_taken, bitmap, bitmap_with, blocks, lens};

/// A bitmap of blocks / 64 bytes, or of blocks / 64 words rounded down: the last blocks had no bit, or the
/// bits lay in the blocks.
#[test]
fn each_block_has_a_bit_that_lies_in_no_block() {
    for len in lens(&[127, 128, 129, 255, 256, 257, 1000, 4096, 4097]) {
        let bitmap = bitmap(len, Fit::First);
        for byte in [0xff, 0] {
            let all = bitmap.drain();
            assert_eq!(all.len(), len);
            for first in all {
                // SAFETY: the block is live, and nobody else uses it.
                unsafe { bitmap.at(first).write_bytes(byte, BLOCK) };
            }
            assert_eq!(bitmap.try_take(1, 1), Err(AllocError::Capacity));
            (0..len).for_each(|first| bitmap.give(first, 1, 1));
        }
        assert_eq!(bitmap.0.usage().used_bytes, 0);
    }
}

/// `1 << 64` as the mask of 64 blocks: nothing, or an overflow.
#[test]
fn a_run_of_exactly_64_blocks_is_taken_whole() {
    for n in [63, 64, 65, 127, 128, 129] {
        for first in [0, 1, 63, 64, 65, 250] {
            let len = first + n;
            let bitmap = bitmap_with(len, &[(0, first)]);
            assert_eq!(bitmap.take(n), Some(first), "{n} blocks");
            assert_eq!(bitmap.take(1), None, "behind {n} blocks at {first}");
            bitmap.give(first, n, 1);
            assert_taken(&bitmap, len, &[(0, first)], "after the free");
        }
    }
}

/// A free of n blocks freed the first one, and leaked n - 1.
#[test]
fn a_free_of_n_blocks_gives_n_blocks_back() {
    for n in [2, 3, 64, 65, 300] {
        let bitmap = bitmap(n, Fit::First);
        assert_eq!(bitmap.take(n), Some(0));
        bitmap.give(0, n, 1);
        assert_eq!(bitmap.0.usage().used_bytes, 0);
        assert_eq!(bitmap.drain().len(), n);
    }
}

/// Bits behind the last block of a word that is not full were handed out.
#[test]
fn no_block_lies_behind_the_last() {
    for len in [1, 63, 65, 257, 2049] {
        let bitmap = bitmap(len, Fit::First);
        assert_eq!(bitmap.try_take(len + 1, 1), Err(AllocError::Unsupported));
        assert_eq!(bitmap.take(len), Some(0));
        assert_eq!(bitmap.try_take(1, 1), Err(AllocError::Capacity));
    }
}

/// A shrink that was dispatched to grow took the blocks behind, instead of giving blocks back.
#[test]
fn a_shrink_gives_the_end_back() {
    let bitmap = bitmap_with(100, &[]);
    assert_eq!(bitmap.take(70), Some(0));
    assert!(bitmap.resize(0, 70, 3));
    assert_eq!(bitmap.0.usage().used_bytes, 3 * BLOCK);
    assert_taken(&bitmap, 100, &[(0, 3)], "after the shrink");
}

/// A grow took blocks that were live.
#[test]
fn a_grow_takes_free_blocks_only() {
    let bitmap = bitmap_with(300, &[(0, 5), (270, 1)]);
    assert!(!bitmap.resize(0, 5, 271));
    assert!(!bitmap.resize(0, 5, 301));
    assert!(bitmap.resize(0, 5, 270));
    assert_taken(&bitmap, 300, &[(0, 271)], "after the grow");
}

/// Alignments above the block were those of the number of a block, and not of its address.
#[test]
fn alignment_is_that_of_the_address() {
    let mut buffer = [const { MaybeUninit::<u8>::uninit() }; 4096];
    for skew in [0, 1, 8, 24, 40, 100] {
        let start = NonNull::from(&mut buffer[skew..]).cast();
        for fit in [Fit::First, Fit::Next, Fit::Best] {
            // SAFETY: the buffer is used by this allocator alone; the one before is gone.
            let source = unsafe { BufferSource::from_raw_parts(start, 4096 - skew) };
            let bitmap = Bitmap::with_region(BLOCK, 3000, source).expect("a region").with_fit(fit);
            let bitmap = Numbered(bitmap);
            for align in [64, 2, 16, 1, 32, 64] {
                // Asserts that the address is aligned.
                bitmap.try_take(3, align).expect("room");
            }
        }
    }
}

/// Go's golang/go#40191 in another form: a run was sought with room to spare, and refused if there was none,
/// though an aligned place was free.
#[test]
fn an_aligned_place_is_found_without_room_to_spare() {
    // Holes of 4 blocks between single ones that are taken; only the last hole is aligned to 8.
    for fit in [Fit::First, Fit::Next, Fit::Best] {
        let bitmap = bitmap(400, fit);
        let start = bitmap.start() / BLOCK;
        (0..400).for_each(|_| _ = bitmap.take(1));
        let aligned = (200..).find(|at| (start + at).is_multiple_of(8)).expect("a place");
        let holes: Vec<_> = (0..20).map(|hole| aligned - (hole + 1) * 9).collect();
        // None of these begins at an aligned place, or has one with four blocks behind it.
        let misaligned =
            |first: &&usize| !(0..4).any(|at| (start + **first + at).is_multiple_of(8));
        for first in holes.iter().filter(misaligned) {
            (0..4).for_each(|at| bitmap.give(first + at, 1, 1));
        }
        assert_eq!(bitmap.try_take(4, 8), Err(AllocError::Capacity));
        (0..4).for_each(|at| bitmap.give(aligned + at, 1, 1));
        assert_eq!(bitmap.try_take(4, 8), Ok((aligned, 4)), "{fit:?}");
    }
}

/// Sizes near the end of the address space overflowed, and so did alignments.
#[test]
fn the_largest_layouts_are_never_served() {
    let bitmap = Bitmap::new(4096, 10, SystemSource).expect("a region");
    let most = isize::MAX.unsigned_abs();
    for (size, align) in [(most, 1), (most - 4095, 4096), (1, 1 << (usize::BITS - 2))] {
        let layout = Layout::from_size_align(size, align).expect("a layout");
        assert_eq!(bitmap.allocate(layout), Err(AllocError::Unsupported));
    }
    assert_eq!(bitmap.allocate(blocks(6000, 1)), Err(AllocError::Unsupported));
}

/// linked_list_allocator, CVE-2022-36086: a heap that was smaller than its records.
#[test]
fn a_region_without_room_for_a_block_and_its_records_is_refused() {
    let mut least = None;
    for bytes in 0..400 {
        match Bitmap::with_region(64, bytes, SystemSource) {
            Ok(bitmap) => {
                least.get_or_insert(bytes);
                assert_eq!(bitmap.usage().obtained_bytes, bytes);
                assert!(bitmap.allocate(Layout::new::<u8>()).is_ok());
            }
            Err(error) => {
                assert_eq!(error, BuildError::BlockTooLarge { size: 64 });
                assert_eq!(least, None, "a larger region has room, too");
            }
        }
    }
    assert!(least.is_some_and(|least| least > 64));
}

/// Phobos 9446: after a reset nothing could be allocated, or what was live before was handed out twice.
#[test]
fn a_reset_makes_all_blocks_free() {
    for fit in [Fit::First, Fit::Next, Fit::Best] {
        let mut bitmap = bitmap(3000, fit);
        for n in [1, 5, 64, 700] {
            while bitmap.take(n).is_some() {}
            bitmap.0.reset();
            assert_eq!(bitmap.0.usage().used_bytes, 0);
            assert_eq!(bitmap.take(3000), Some(0), "{fit:?}");
            bitmap.0.reset();
        }
    }
}
