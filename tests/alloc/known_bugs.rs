//! Faults that other allocators had, each named after what broke. The members must not have them.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::{AllocError, Allocator, Linear, Stack, Static};
use stampool::source::{FailingSource, LimitedSource};

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

fn cut<A: Allocator>(allocator: &A, size: usize) -> NonNull<u8> {
    allocator.allocate(bytes(size)).expect("memory").cast()
}

/// blink-alloc 0.4 compares the mark with the block's start, and never takes the last block back.
#[test]
fn the_last_block_comes_back_when_it_is_freed() {
    let linear = Linear::new(SystemSource);
    let first = cut(&linear, 100);
    // SAFETY: the block is live.
    unsafe { linear.deallocate(first, bytes(100)) };
    assert_eq!(cut(&linear, 50), first);
}

/// A mark that is moved by fetch-add keeps advancing after a failure: a smaller request that would
/// fit then fails too.
#[test]
fn after_a_failure_a_smaller_request_still_fits() {
    let mut buffer = [const { MaybeUninit::uninit() }; 100];
    let fixed = Static::new(&mut buffer);
    cut(&fixed, 60);
    assert_eq!(fixed.allocate(bytes(41)), Err(AllocError::Capacity));
    cut(&fixed, 40);
}

/// RUSTSEC-2020-0006 (bumpalo), and rlsf 0.1.1: `realloc` copied the new size out of the old block.
#[test]
fn grow_copies_the_old_size() {
    let linear = Linear::with_first_chunk(SystemSource, 64);
    let block = cut(&linear, 16);
    // SAFETY: the block is live, and has 16 bytes.
    unsafe { block.write_bytes(7, 16) };
    cut(&linear, 1);
    // SAFETY: the block is live. Under Miri a copy of more than 16 bytes would be an error.
    let grown = unsafe { linear.grow(block, bytes(16), bytes(100_000)) }.expect("memory");
    // SAFETY: these bytes were copied.
    let kept = unsafe { core::slice::from_raw_parts(grown.cast::<u8>().as_ptr(), 16) };
    assert_eq!(kept, [7; 16]);
}

/// bump-scope #127: a chunk that was kept and is too small was tried for ever.
#[test]
fn a_kept_chunk_that_is_too_small_is_passed_over() {
    let mut linear = Linear::with_first_chunk(SystemSource, 64);
    cut(&linear, 10);
    linear.reset();
    cut(&linear, 10_000);

    let mut stack = Stack::with_first_chunk(SystemSource, 64);
    for size in [10, 200, 10_000, 100_000] {
        stack.scope(|scope| {
            scope.allocate(bytes(size)).expect("memory");
        });
    }
}

/// bump-scope #92: a free moved the mark off the alignment that all blocks have.
#[test]
fn a_free_keeps_the_alignment() {
    let stack = Stack::new(SystemSource);
    for size in [1, 3, 17] {
        let block = cut(&stack, size);
        // SAFETY: the block is live.
        unsafe { stack.deallocate(block, bytes(size)) };
        assert!(cut(&stack, 1).addr().get().is_multiple_of(16));
    }
}

/// The alignment was dropped for a static buffer.
#[test]
fn a_buffer_at_an_odd_address_serves_aligned_blocks() {
    let mut buffer = [const { MaybeUninit::uninit() }; 4096 + 512];
    for skew in [0, 1, 7, 63] {
        let fixed = Static::new(&mut buffer[skew..]);
        for align in [1, 2, 64, 512, 4096] {
            let layout = Layout::from_size_align(8, align).expect("a layout");
            if let Ok(block) = fixed.allocate(layout) {
                assert!(block.cast::<u8>().addr().get().is_multiple_of(align));
            }
        }
    }
}

/// bumpalo 3.18: the footer of a chunk was counted as used.
#[test]
fn a_header_is_not_counted_as_used() {
    let linear = Linear::new(SystemSource);
    cut(&linear, 8);
    assert_eq!(linear.usage().used_bytes, 8);
    assert!(linear.usage().overhead_bytes > 0);
}

/// Sizes near the end of the address space overflowed.
#[test]
#[cfg_attr(miri, ignore = "Miri gives up on a request of that size")]
fn the_largest_layouts_are_refused() {
    let most = isize::MAX.unsigned_abs();
    let mut buffer = [const { MaybeUninit::uninit() }; 64];
    let fixed = Static::new(&mut buffer);
    // With addresses of 32 bits the system may grant half of them but for a page.
    let less = if cfg!(target_pointer_width = "64") { most - 4096 } else { most - 2 };
    for layout in [bytes(most), bytes(most - 1), bytes(less)] {
        each_growing_member!(1000, bytes(1), |name, make| {
            let member = make(SystemSource);
            assert!(member.allocate(layout).is_err(), "{name}, {layout:?}");
            cut(&member, 1);
            assert!(member.allocate(layout).is_err(), "{name}, {layout:?}, with a chunk");
        });
        each_member_of_one_region!(16, 1000, |name, make| {
            let answer = make(SystemSource).expect("a region").allocate(layout);
            assert_eq!(answer, Err(AllocError::Unsupported), "{name}, {layout:?}");
        });
        assert_eq!(fixed.allocate(layout), Err(AllocError::Unsupported));
    }
}

/// bump-scope #32: a region went back with a layout that was not its own. Here a misaligned one,
/// which must go back at once. Miri reports a region that does not.
#[test]
fn a_misaligned_region_goes_back() {
    each_growing_member!(1000, Layout::new::<u64>(), |name, make| {
        let answer = make(FailingSource::default().misalign_from(0)).allocate(bytes(8));
        assert_eq!(answer, Err(AllocError::MisalignedSource), "{name}");
    });
}

/// A first chunk larger than a layout can be made every request unsupported. A source refuses it
/// as it refuses any chunk that is too large, and then a smaller one does.
#[test]
fn a_first_chunk_that_no_layout_describes_is_halved() {
    let small = || LimitedSource::new(SystemSource, 10_000);
    for first in [usize::MAX, isize::MAX.unsigned_abs(), usize::MAX / 3] {
        each_growing_member!(first, Layout::new::<u64>(), |_, make| cut(&make(small()), 8));
    }
}

/// A pointer that may access the first 8 bytes of the block, and no more. A user gives such a pointer
/// back after turning the block into a reference to a word.
fn narrowed(block: NonNull<[u8]>) -> NonNull<u8> {
    // SAFETY: the block is live, aligned for a word, at least as long, and nobody else uses it.
    let word: &mut MaybeUninit<u64> = unsafe { block.cast().as_mut() };
    NonNull::from(word).cast()
}

/// A stack kept the pointer that its user gave back, which may reach less than the block (a
/// `Box::new_in` makes one). Under Miri a use of it beyond that is an error.
#[test]
fn a_stack_takes_narrowed_pointers_back() {
    const WORD: Layout = Layout::new::<u64>();
    let long = Layout::new::<[u64; 4]>();
    let stack = Stack::with_first_chunk(SystemSource, 256);
    let word = || narrowed(stack.allocate(WORD).expect("memory"));
    let fill = |block: NonNull<[u8]>| {
        // SAFETY: the block is live, and nobody else uses it.
        unsafe { block.cast::<u8>().write_bytes(1, block.len()) };
        narrowed(block)
    };
    // The last block.
    let last = word();
    // SAFETY: the block is live.
    unsafe { stack.deallocate(last, WORD) };
    let last = fill(stack.allocate(long).expect("memory"));
    // SAFETY: the block is live.
    unsafe { stack.deallocate(last, long) };
    // Two blocks below others: the freed ranges' links lie in them.
    let [low, _mid, high, top] = [word(), word(), word(), word()];
    for block in [high, low, top] {
        // SAFETY: the block is live.
        unsafe { stack.deallocate(block, WORD) };
    }
    fill(stack.allocate(long).expect("memory"));
    // Resized where they are: within the granule, and beyond it.
    let near = word();
    // SAFETY: the block is live.
    let near = fill(unsafe { stack.grow_in_place(near, WORD, Layout::new::<u128>()) }.expect("16"));
    // SAFETY: the block is live.
    let near = fill(unsafe { stack.grow_in_place(near, WORD, long) }.expect("the last one"));
    // SAFETY: the block is live.
    let near = fill(unsafe { stack.shrink_in_place(near, WORD, WORD) }.expect("the same size"));
    // In a chunk that is not the current one.
    fill(stack.allocate(bytes(1000)).expect("memory"));
    // SAFETY: the block is live.
    let near = fill(unsafe { stack.shrink_in_place(near, WORD, bytes(1)) }.expect("in place"));
    // SAFETY: the block is live.
    unsafe { stack.deallocate(near, bytes(1)) };
}
