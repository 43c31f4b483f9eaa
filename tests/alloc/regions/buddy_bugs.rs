//! Faults that buddy allocators had, each named after what broke. [`Buddy`] must not have them.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use stampool::alloc::{AllocError, Buddy};
use stampool::source::CountingSource;
use stampool::{BufferSource, BuildError, SystemSource};

use super::{BLOCK, Numbered, buddy, lens};

/// buddy_system_allocator #14: blocks did not merge at the top order. litebox #1222: a merge above it
/// panicked.
#[test]
fn blocks_merge_up_to_the_top_and_not_above() {
    for len in [1_usize, 2, 64, 100, 128, 4096, 5000] {
        let top = (len + 1).next_power_of_two() / 2;
        let buddy = buddy(len);
        for n in [1, 2, 3, top / 2, top] {
            let n = n.clamp(1, top);
            let taken: Vec<_> = core::iter::from_fn(|| buddy.take(n)).collect();
            assert!(taken.len() >= top / n.next_power_of_two());
            taken.into_iter().for_each(|first| buddy.give(first, n, 1));
            assert_eq!(buddy.0.usage().used_bytes, 0);
            assert_eq!(buddy.take(top), Some(0), "all of {len} blocks have merged");
            buddy.give(0, top, 1);
        }
    }
}

/// mycelium #257: a region that was not aligned to its order gave blocks that were not aligned to theirs.
#[test]
fn blocks_are_aligned_on_a_region_at_any_address() {
    let mut buffer = [const { MaybeUninit::<u8>::uninit() }; 40_000];
    for skew in [0, 1, 8, 100, 3000] {
        let start = NonNull::from(&mut buffer[skew..]).cast();
        // SAFETY: the buffer is used by this allocator alone.
        let source = unsafe { BufferSource::from_raw_parts(start, 40_000 - skew) };
        let buddy = Buddy::with_region(16, 30_000, source).expect("a region");
        // Alignments above that of the region's start, too.
        for align in (0..14).map(|log| 1_usize << log) {
            let layout = Layout::from_size_align(24, align).expect("a layout");
            let block = buddy.allocate(layout).expect("room");
            assert!(block.cast::<u8>().addr().get().is_multiple_of(align), "aligned to {align}");
            assert!(block.len() >= 24);
            // SAFETY: the block is live.
            unsafe { buddy.deallocate(block.cast(), layout) };
        }
        assert_eq!(buddy.usage().used_bytes, 0);
    }
}

/// A block that was split reported the size of the larger one, and its user wrote into its buddy.
#[test]
fn a_block_that_was_split_has_the_smaller_size() {
    let buddy = buddy(1024);
    for n in [1, 2, 3, 5, 17, 100] {
        let (_, returned) = buddy.try_take(n, 1).expect("room");
        assert_eq!(returned, n.next_power_of_two());
    }
}

/// What a length has beyond a power of two was lost.
#[test]
fn all_blocks_of_any_length_are_served() {
    for len in lens(&[100, 127, 1000, 1023, 1025]) {
        let buddy = buddy(len);
        for byte in [0xff, 0] {
            let all = buddy.drain();
            assert_eq!(all, (0..len).collect::<Vec<_>>());
            for first in all {
                // SAFETY: the block is live, and nobody else uses it. The records lie in none.
                unsafe { buddy.at(first).write_bytes(byte, BLOCK) };
            }
            // From the back, so that the last block is freed while its buddy, if it has one, is live.
            (0..len).rev().for_each(|first| buddy.give(first, 1, 1));
        }
        assert_eq!(buddy.0.usage().used_bytes, 0);
    }
}

/// linked_list_allocator, CVE-2022-36086: a heap that was smaller than its records.
#[test]
fn a_region_without_room_for_a_block_and_its_records_is_refused() {
    for bytes in 0..200 {
        match Buddy::with_region(16, bytes, SystemSource) {
            Ok(buddy) => {
                assert!(bytes >= 24);
                assert_eq!(buddy.usage().obtained_bytes, bytes);
                assert!(buddy.allocate(Layout::new::<u8>()).is_ok());
            }
            Err(error) => {
                assert!(bytes < 24, "16 bytes and a word");
                assert_eq!(error, BuildError::BlockTooLarge { size: 16 });
            }
        }
    }
}

/// bump-scope #32: a region went back with another layout, or not at all. The counting source compares.
#[test]
fn the_region_goes_back_once() {
    let source = CountingSource::new(SystemSource);
    let counts = source.counts();
    drop(Buddy::new(16, 1000, source).expect("a region"));
    assert_eq!((counts.obtained(), counts.released()), (1, 1));
}

/// Sizes near the end of the address space overflowed, and so did alignments.
#[test]
fn the_largest_layouts_are_never_served() {
    let buddy = Buddy::new(4096, 10, SystemSource).expect("a region");
    let most = isize::MAX.unsigned_abs();
    for (size, align) in [(most, 1), (most - 4095, 4096), (1, 1 << (usize::BITS - 2))] {
        let layout = Layout::from_size_align(size, align).expect("a layout");
        assert_eq!(buddy.allocate(layout), Err(AllocError::Unsupported));
    }
    assert_eq!(Buddy::new(0, 1, SystemSource).err(), Some(BuildError::ZeroSize));
    assert_eq!(Buddy::new(1, 0, SystemSource).err(), Some(BuildError::NoBlocks));
    let too_many = Buddy::new(16, usize::MAX / 16, SystemSource).err();
    assert_eq!(too_many, Some(BuildError::BlockTooLarge { size: 16 }));
}

/// A block that was shrunk where it lies kept its old order, and its free took the live block behind it.
#[test]
fn a_block_that_was_shrunk_is_freed_with_its_new_order() {
    let buddy = buddy(64);
    assert_eq!(buddy.take(32), Some(0));
    assert!(buddy.resize(0, 32, 8));
    assert_eq!(buddy.take(8), Some(8));
    buddy.give(0, 8, 1);
    assert_eq!(buddy.0.usage().live_blocks, Some(1));
    assert_eq!(buddy.take(16), Some(16));
    assert_eq!(buddy.take(8), Some(0));
}

/// Phobos 9446: after a reset nothing could be allocated, or what was live before was handed out twice.
#[test]
fn a_reset_makes_all_blocks_free() {
    let mut buddy: Numbered<Buddy> = buddy(1000);
    for n in [1, 5, 64, 300] {
        while buddy.take(n).is_some() {}
        buddy.0.reset();
        assert_eq!(buddy.0.usage().used_bytes, 0);
        assert_eq!(buddy.take(512), Some(0));
        buddy.0.reset();
    }
}

/// The word at hand was taken for the lowest with a free block, though the levels above showed a lower one.
#[test]
fn the_lowest_block_is_taken_though_a_higher_one_was_freed_last() {
    let buddy = buddy(1024);
    assert_eq!(buddy.drain().len(), 1024);
    // Blocks in different words, none beside another one.
    for first in [100, 300] {
        buddy.give(first, 1, 1);
    }
    assert_eq!(buddy.take(1), Some(100));
    buddy.give(500, 1, 1);
    assert_eq!([buddy.take(1), buddy.take(1), buddy.take(1)], [Some(300), Some(500), None]);
}
