//! What members and sources say of themselves, and what they count: bytes, limits, granules.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::sync::{Arc, Mutex};

use stampool::alloc::wrap::{Checked, Limited, Segregated};
use stampool::alloc::{Blocks, Linear, Static};
use stampool::source::{CountingSource, LimitedSource};
use stampool::{BufferSource, Source, SystemSource};

use crate::checked::says;
use crate::choices::layout;
use crate::heaps::{bytes, cut, give};
use crate::sources::buffer;

#[test]
fn a_block_grows_in_place_up_to_the_limit() {
    let share = Limited::new(Linear::default(), 100);
    let block = cut(&share, 60);
    // SAFETY: the block is live, and of this size.
    let grown = unsafe { share.grow_in_place(block, bytes(60), bytes(100)) };
    assert_eq!(grown.map(|grown| grown.len()), Ok(100), "up to the limit");
    assert_eq!(share.live_bytes(), 100);
}

#[test]
fn the_capacity_is_the_smaller_one_of_limit_and_allocator() {
    let mut buffer = [MaybeUninit::uninit(); 64];
    let share = Limited::new(Static::new(&mut buffer), 1000);
    assert_eq!(share.usage().capacity_bytes, Some(64));
    let share = Limited::new(share, 10);
    assert_eq!(share.usage().capacity_bytes, Some(10));
}

#[test]
fn the_overhead_of_two_is_that_of_both() {
    let heap = Segregated::new(layout(16, 16), Linear::default(), Linear::default());
    cut(&heap, 16);
    let one = heap.usage().overhead_bytes;
    cut(&heap, 17);
    assert_eq!(heap.usage().overhead_bytes, 2 * one);
}

#[test]
fn a_block_that_does_not_grow_in_place_is_no_refusal() {
    let counted = stampool::alloc::wrap::Counted::new(Linear::default());
    let (first, _second) = (cut(&counted, 16), cut(&counted, 16));
    // SAFETY: the block is live, and of this size.
    assert!(unsafe { counted.grow_in_place(first, bytes(16), bytes(32)) }.is_err());
    assert_eq!(counted.statistics().refusals, 0);
}

#[test]
fn the_end_of_a_chunk_of_blocks_is_no_block() {
    let block = Layout::new::<[u64; 8]>();
    let blocks = Blocks::with_first_chunk(block, SystemSource, 1).expect("blocks");
    let only = blocks.allocate_block().expect("memory");
    let at = |offset| only.map_addr(|at| at.checked_add(offset).expect("an address"));
    assert!(blocks.owns(at(63)) && !blocks.owns(at(64)));
}

#[test]
fn a_block_that_is_freed_twice_lies_not_inside_of_the_one_in_front_of_it() {
    let checked = Checked::new(Linear::default());
    let (_first, second) = (cut(&checked, 16), cut(&checked, 16));
    give(&checked, second, 16);
    let words = says(|| give(&checked, second, 16));
    assert!(words.contains("it was freed before"), "{words}");
}

#[test]
fn a_region_is_extended_up_to_the_limit() {
    let mut source = LimitedSource::new(buffer(200), 100);
    let region = source.obtain(bytes(60)).expect("memory");
    // SAFETY: a live region of this layout, and the new one is longer.
    assert!(!unsafe { source.extend(region, bytes(60), bytes(101)) });
    // SAFETY: as above.
    assert!(unsafe { source.extend(region, bytes(60), bytes(100)) });
    assert_eq!(source.taken_bytes(), 100);
}

#[test]
fn the_most_bytes_count_extensions() {
    let mut source = CountingSource::new(buffer(200));
    let counts = source.counts();
    let region = source.obtain(bytes(60)).expect("memory");
    // SAFETY: a live region of this layout, and the new one is longer.
    assert!(unsafe { source.extend(region, bytes(60), bytes(100)) });
    assert_eq!((counts.live_bytes(), counts.most_bytes()), (100, 100));
}

#[test]
fn a_source_with_a_fallback_serves_the_larger_alignment_of_the_two() {
    use stampool::source::{FailingSource, FallbackSource};
    let first = FailingSource::new(buffer(100)).max_align(8);
    let mut source = FallbackSource::new(first, SystemSource);
    assert_eq!(source.max_align(), SystemSource.max_align());
    let region = source.obtain(layout(64, 4096)).expect("the second one's");
    // SAFETY: obtained with this layout, and not used.
    unsafe { source.release(region, layout(64, 4096)) };
}

#[test]
fn a_source_of_two_buffers_owns_the_regions_of_both() {
    use stampool::source::{FallbackSource, OwningSource};
    let mut source = FallbackSource::new(buffer(100), buffer(100));
    for _ in 0..2 {
        let region = source.obtain(bytes(100)).expect("memory");
        assert!(source.owns(region), "the regions of both");
    }
}

/// Extends a region once, and tells the sizes that it has served.
struct Once {
    asked: Arc<Mutex<Vec<usize>>>,
    buffer: BufferSource,
    is_extended: bool,
}

// SAFETY: the regions are those of the buffer.
unsafe impl Source for Once {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.asked.lock().unwrap().push(layout.size());
        self.buffer.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.buffer.release(region, layout) }
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        if core::mem::replace(&mut self.is_extended, true) {
            return false;
        }
        self.asked.lock().unwrap().push(new.size());
        // SAFETY: by the caller.
        unsafe { self.buffer.extend(region, old, new) }
    }
}

#[test]
fn a_chunk_is_twice_as_large_as_an_extended_one_before_it() {
    let asked = Arc::<Mutex<_>>::default();
    let source = Once { asked: asked.clone(), buffer: buffer(64 << 10), is_extended: false };
    let linear = Linear::with_first_chunk(source, 1024);
    for _ in 0..16 {
        cut(&linear, 256);
    }
    assert_eq!(*asked.lock().unwrap(), [1024, 2048, 4096]);
}

/// A buffer that counts in granules of 64 bytes.
struct Granules(BufferSource, Arc<Mutex<Vec<usize>>>);

// SAFETY: the regions are those of the buffer.
unsafe impl Source for Granules {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.1.lock().unwrap().push(layout.size());
        self.0.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release(region, layout) }
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        self.1.lock().unwrap().push(new.size());
        // SAFETY: by the caller.
        unsafe { self.0.extend(region, old, new) }
    }

    fn granule(&self) -> usize {
        64
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_extended_chunk_of_blocks_fills_its_granules() {
    let (block, asked) = (layout(24, 8), Arc::<Mutex<_>>::default());
    let source = Granules(buffer(1000), asked.clone());
    let blocks = Blocks::with_first_chunk(block, source, 2).expect("blocks");
    while asked.lock().unwrap().len() < 3 {
        blocks.allocate_block().expect("memory");
    }
    for size in asked.lock().unwrap().iter() {
        let rest = size.next_multiple_of(64) - size;
        assert!(rest < block.size(), "{rest} bytes behind {size} are lost");
    }
}

#[test]
fn an_extension_counts_in_granules() {
    let mut source = LimitedSource::new(Granules(buffer(1000), Arc::default()), 128);
    let region = source.obtain(bytes(60)).expect("memory");
    // SAFETY: a live region of this layout, and the new one is longer.
    assert!(unsafe { source.extend(region, bytes(60), bytes(100)) });
    assert_eq!(source.taken_bytes(), 128);
    // SAFETY: as above; it is not used any more.
    unsafe { source.release(region, bytes(100)) };
    assert_eq!(source.taken_bytes(), 0);
}
