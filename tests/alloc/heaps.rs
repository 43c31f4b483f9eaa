//! Faults that general allocators had, one test each, on all members that are one.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::collections::BTreeMap;

use stampool::alloc::{AllocError, Allocator, BestFit, GoodFit, Reset, SignPost};
use stampool::source::{CountingSource, LimitedSource};
use stampool::{BufferSource, Source, SystemSource};

pub(crate) fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

/// Each member, with a first region of `first` bytes from a source of its own.
fn heaps(first: usize, source: impl Fn() -> Box<dyn Source>) -> [Box<dyn Reset>; 3] {
    [
        Box::new(GoodFit::with_first_chunk(source(), first)),
        Box::new(BestFit::with_first_chunk(source(), first)),
        Box::new(SignPost::with_first_chunk(source(), first)),
    ]
}

fn on_the_system() -> [Box<dyn Reset>; 3] {
    heaps(4096, || Box::new(SystemSource))
}

pub(crate) fn cut<A: Allocator + ?Sized>(heap: &A, size: usize) -> NonNull<u8> {
    heap.allocate(bytes(size)).expect("memory").cast()
}

pub(crate) fn give<A: Allocator + ?Sized>(heap: &A, block: NonNull<u8>, size: usize) {
    // SAFETY: the tests free each block once, with its size.
    unsafe { heap.deallocate(block, bytes(size)) }
}

/// linked_list_allocator (CVE-2022-36086) wrote its records over the end of a heap that was too small
/// for them; talc 5.0.4 recursed on a claim that was too small.
#[test]
fn a_heap_smaller_than_its_records_is_refused() {
    const GUARD: u8 = 0x3C;
    let mut memory = [MaybeUninit::new(GUARD); 600];
    for len in (0..300).step_by(if cfg!(miri) { 23 } else { 1 }) {
        for skew in [0, 1, 8] {
            memory.fill(MaybeUninit::new(GUARD));
            let start = NonNull::from(&mut memory).cast::<u8>();
            // SAFETY: in the array.
            let start = unsafe { start.add(100 + skew) };
            let buffer = || -> Box<dyn Source> {
                // SAFETY: one heap after the other uses these bytes.
                Box::new(unsafe { BufferSource::from_raw_parts(start, len) })
            };
            for nth in 0..3 {
                let [good, best, sign] = heaps(len, buffer);
                let heap = [good, best, sign].into_iter().nth(nth).expect("three");
                while heap.allocate(bytes(1)).is_ok() {}
                assert_eq!(heap.allocate(bytes(1)), Err(AllocError::OutOfMemory));
            }
            // SAFETY: as above: initialised, and nobody uses them any more.
            let beside = |at: usize| unsafe { memory[at].assume_init() };
            assert_eq!([beside(99), beside(100 + skew + len)], [GUARD; 2], "{len} bytes");
        }
    }
}

/// linked_list_allocator again: the extension of a heap without a free piece, or without a used one.
#[test]
fn an_empty_heap_and_a_full_one_are_extended() {
    let mut memory = vec![MaybeUninit::<u8>::uninit(); if cfg!(miri) { 4 } else { 64 } << 10];
    let (start, len) = (NonNull::from(&mut memory[..]).cast::<u8>(), memory.len());
    for nth in 0..3 {
        for size in [16, 100, 3000] {
            let source = || -> Box<dyn Source> {
                // SAFETY: one heap after the other uses the bytes, and they outlive it.
                Box::new(unsafe { BufferSource::from_raw_parts(start, len) })
            };
            let heap = heaps(1, source).into_iter().nth(nth).expect("three");
            // Nothing is used.
            let first = cut(&*heap, 1);
            give(&*heap, first, 1);
            // All is used.
            let mut blocks = Vec::new();
            while let Ok(block) = heap.allocate(bytes(size)) {
                // SAFETY: the block is live.
                unsafe { block.cast::<u8>().write_bytes(0xEE, block.len()) };
                blocks.push(block.cast::<u8>());
            }
            assert!(blocks.len() * size * 10 > len * 4, "only {} blocks of {size}", blocks.len());
            for block in blocks {
                give(&*heap, block, size);
            }
            assert_eq!(heap.usage().used_bytes, 0);
        }
    }
}

/// RUSTSEC-2020-0006 (bumpalo), and rlsf 0.1.1: `realloc` copied the new size out of the old block.
#[test]
fn grow_copies_the_old_size() {
    for heap in on_the_system() {
        let block = cut(&*heap, 16);
        // SAFETY: the block is live, and has 16 bytes.
        unsafe { block.write_bytes(7, 16) };
        let wall = cut(&*heap, 16);
        // SAFETY: the block is live. Under Miri a copy from behind it would be an error.
        let grown = unsafe { heap.grow(block, bytes(16), bytes(100_000)) }.expect("memory");
        // SAFETY: these bytes were copied.
        let kept = unsafe { core::slice::from_raw_parts(grown.cast::<u8>().as_ptr(), 16) };
        assert_eq!(kept, [7; 16]);
        give(&*heap, wall, 16);
    }
}

/// A shrink called grow: what it left was not free.
#[test]
fn shrink_frees_the_tail() {
    for heap in on_the_system() {
        let block = cut(&*heap, 1000);
        let wall = cut(&*heap, 100);
        let used = heap.usage().used_bytes;
        // SAFETY: the block is live.
        let shrunk = unsafe { heap.shrink_in_place(block, bytes(1000), bytes(200)) };
        assert!(shrunk.is_ok_and(|shrunk| shrunk.cast() == block && shrunk.len() < 300));
        assert!(heap.usage().used_bytes < used - 700);
        let tail = cut(&*heap, 700);
        assert!(block < tail && tail < wall, "the tail serves again");
    }
}

/// Grow takes the free memory behind the block, all of it or a part.
#[test]
fn grow_takes_the_right_neighbour() {
    for heap in on_the_system() {
        let [block, right, wall] = [100, 300, 100].map(|size| cut(&*heap, size));
        // SAFETY: the block is live.
        let grow = |old, new| unsafe { heap.grow_in_place(block, bytes(old), bytes(new)) };
        assert_eq!(grow(100, 300), Err(AllocError::NotInPlace));
        give(&*heap, right, 300);
        for (old, new) in [(100, 200), (200, 390)] {
            let grown = grow(old, new).expect("the neighbour is free");
            assert_eq!(grown.cast(), block);
            // SAFETY: the block is so long.
            unsafe { block.write_bytes(1, grown.len()) };
        }
        assert_eq!(grow(390, 500), Err(AllocError::NotInPlace));
        give(&*heap, block, 390);
        give(&*heap, wall, 100);
        assert_eq!(heap.usage().used_bytes, 0);
    }
}

/// A split reported the larger size, and the two blocks overlapped; a list of free pieces was a cycle,
/// and served one twice. All bytes of all blocks are written here, and none may change.
#[test]
fn blocks_keep_their_bytes_under_small_churn() {
    for heap in on_the_system() {
        let mut live: BTreeMap<usize, (NonNull<[u8]>, usize, u8)> = BTreeMap::new();
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        for turn in 0..if cfg!(miri) { 300 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = usize::try_from(random >> 40).expect("24 bits");
            if live.len() > 200 || pick % 5 < 2 {
                let Some(at) = live.keys().nth(pick % live.len().max(1)).copied() else { continue };
                let (block, size, byte) = live.remove(&at).expect("a key");
                // SAFETY: the block is live, and all of it was written.
                let held = unsafe {
                    core::slice::from_raw_parts(block.cast::<u8>().as_ptr(), block.len())
                };
                assert!(held.iter().all(|own| *own == byte), "turn {turn}");
                give(&*heap, block.cast(), size);
            } else {
                let size = 1 + pick % 130;
                let block = heap.allocate(bytes(size)).expect("memory");
                let byte = pick.to_le_bytes()[1];
                // SAFETY: the block is live.
                unsafe { block.cast::<u8>().write_bytes(byte, block.len()) };
                let at = block.cast::<u8>().addr().get();
                let [below, above] = [live.range(..at).next_back(), live.range(at..).next()];
                assert!(below.is_none_or(|(below, (block, ..))| below + block.len() <= at));
                assert!(above.is_none_or(|(above, _)| at + block.len() <= *above));
                live.insert(at, (block, size, byte));
            }
        }
    }
}

/// Freed in whatever order, the memory is one piece again: a request for nearly all of it is served
/// from the same region.
#[test]
fn neighbours_join_in_every_order() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [0, 2, 1, 3], [1, 3, 0, 2], [2, 0, 3, 1]] {
        for heap in heaps(8192, || Box::new(LimitedSource::new(SystemSource, 8192))) {
            let blocks = [1800; 4].map(|size| cut(&*heap, size));
            assert!(heap.allocate(bytes(1800)).is_err());
            for nth in order {
                give(&*heap, blocks[nth], 1800);
            }
            cut(&*heap, 7800);
        }
    }
}

/// A refused request made an allocator ask for chunks without end.
#[test]
fn a_refusal_ends_after_a_few_questions() {
    let source = CountingSource::new(LimitedSource::new(SystemSource, 10_000));
    let counts = source.counts();
    let heap = SignPost::new(source);
    assert_eq!(heap.allocate(bytes(1 << 20)), Err(AllocError::OutOfMemory));
    assert_eq!((counts.obtained(), counts.live_bytes()), (0, 0));
    for heap in heaps(1 << 40, || Box::new(LimitedSource::new(SystemSource, 10_000))) {
        cut(&*heap, 5000);
        assert_eq!(heap.allocate(bytes(5000)), Err(AllocError::OutOfMemory));
        cut(&*heap, 1000);
    }
}

/// Sizes near the end of the address space overflowed where they were rounded up.
#[test]
#[cfg_attr(miri, ignore = "Miri gives up on a request of that size")]
fn the_largest_layouts_are_refused() {
    for heap in heaps(4096, || Box::new(LimitedSource::new(SystemSource, 1 << 20))) {
        let block = cut(&*heap, 10);
        for less in 0..70 {
            let layout = bytes(isize::MAX.unsigned_abs() - less);
            assert!(heap.allocate(layout).is_err());
            // SAFETY: the block is live.
            assert!(unsafe { heap.grow(block, bytes(10), layout) }.is_err());
        }
        let align = 1 << (usize::BITS - 2);
        assert!(heap.allocate(Layout::from_size_align(1, align).expect("a layout")).is_err());
        give(&*heap, block, 10);
    }
}

/// A region not aligned as its blocks (mycelium #257), and alignments above a granule, which cost no
/// more than they must: what lies in front of the block is free.
#[test]
fn aligned_blocks_at_odd_addresses() {
    const AT_ONCE: usize = if cfg!(miri) { 5 } else { 20 };
    for heap in on_the_system() {
        for align in [1, 16, 32, 64, 512, 4096] {
            let layout = Layout::from_size_align(40, align).expect("a layout");
            let blocks = [(); AT_ONCE].map(|()| heap.allocate(layout).expect("memory"));
            let starts = blocks.map(|block| block.cast::<u8>());
            assert!(starts.iter().all(|start| start.addr().get().is_multiple_of(align)));
            assert!(heap.usage().used_bytes <= AT_ONCE * 80, "{align}");
            for start in starts {
                // SAFETY: the block is live.
                unsafe { heap.deallocate(start, layout) };
            }
        }
        assert_eq!(heap.usage().used_bytes, 0);
    }
}

/// Phobos 9446: an allocator was reset, and then its free list led into the old blocks.
#[test]
fn a_heap_is_used_again_after_its_reset() {
    for mut heap in on_the_system() {
        for _ in 0..3 {
            let blocks = [8, 3000, 70, 70, 20_000].map(|size| cut(&*heap, size));
            give(&*heap, blocks[2], 70);
            heap.reset();
            assert_eq!(heap.usage().used_bytes, 0);
        }
        let whole = heap.usage().obtained_bytes;
        cut(&*heap, 20_000);
        assert_eq!(heap.usage().obtained_bytes, whole, "from the region that was kept");
    }
}

/// A freed block of 8 bytes serves again, though it has live neighbours: many such blocks are what
/// fragments a heap of small objects.
#[test]
fn small_blocks_between_live_ones_serve_again() {
    const LIVE: usize = if cfg!(miri) { 60 } else { 1000 };
    for heap in on_the_system() {
        let blocks: Vec<_> = (0..LIVE).map(|_| cut(&*heap, 8)).collect();
        let obtained = heap.usage().obtained_bytes;
        for block in blocks.iter().step_by(2) {
            give(&*heap, *block, 8);
        }
        for _ in 0..LIVE / 2 {
            cut(&*heap, 8);
        }
        assert_eq!(heap.usage().obtained_bytes, obtained);
    }
}

/// A container gave a pointer back that reaches its value alone, and the allocator used it for the
/// whole block. Under Miri that is an error.
#[test]
fn narrowed_pointers_come_back() {
    const WORD: Layout = Layout::new::<u64>();
    for heap in on_the_system() {
        let narrow = |block: NonNull<[u8]>| {
            // SAFETY: the block is live, aligned for a word, at least as long, and nobody else's.
            NonNull::from(unsafe { block.cast::<u64>().as_mut() }).cast::<u8>()
        };
        let long = Layout::new::<[u64; 40]>();
        let [first, second] = [(); 2].map(|()| {
            let block = heap.allocate_zeroed(WORD).expect("memory");
            narrow(block)
        });
        // SAFETY: the block is live.
        let grown = unsafe { heap.grow_in_place(second, WORD, long) }.expect("free behind it");
        // SAFETY: the block is so long.
        unsafe { grown.cast::<u8>().write_bytes(1, grown.len()) };
        // SAFETY: the block is live.
        let shrunk = unsafe { heap.shrink_in_place(narrow(grown), long, WORD) }.expect("in place");
        for block in [first, narrow(shrunk)] {
            // SAFETY: the block is live.
            unsafe { heap.deallocate(block, WORD) };
        }
        cut(&*heap, 500);
    }
}

/// Eight free ranges that are long enough, but not at an aligned address, hid a longer one.
#[test]
fn ranges_that_are_not_aligned_hide_no_longer_one() {
    let source = || -> Box<dyn Source> { Box::new(LimitedSource::new(SystemSource, 32 << 10)) };
    // The two whose blocks lie one directly behind the other.
    for heap in heaps(32 << 10, source).into_iter().take(2) {
        // From here on each block begins 16 bytes behind a multiple of 64.
        while (cut(&*heap, 16).addr().get() + 16) % 64 != 16 {}
        let mut free = Vec::new();
        for size in [[1024; 8].as_slice(), &[8192]].concat() {
            free.push((cut(&*heap, size), size));
            cut(&*heap, 64);
        }
        for size in [4096, 256, 16] {
            while heap.allocate(bytes(size)).is_ok() {}
        }
        for (block, size) in free {
            give(&*heap, block, size);
        }
        let aligned = Layout::from_size_align(1024, 64).expect("a layout");
        let block = heap.allocate(aligned).expect("eight kilobytes are free");
        assert!(block.cast::<u8>().addr().get().is_multiple_of(64));
    }
}
