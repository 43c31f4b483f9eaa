//! Sources that count in granules: chunks take the whole of each granule that they begin.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::sync::{Arc, Mutex};

use stampool::alloc::{Allocator, Bitmap, Buddy};
use stampool::source::CountingSource;
use stampool::{Pool, Source, SystemSource};

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

/// Hands out whole pages, and says so.
struct Pages(CountingSource);

const PAGE: usize = 4096;

// SAFETY: the regions are the system's.
unsafe impl Source for Pages {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release(region, layout) }
    }

    fn granule(&self) -> usize {
        PAGE
    }
}

fn on_pages<A: Allocator>(name: &str, new: impl Fn(Pages) -> A, lost: usize) {
    let source = CountingSource::default();
    let counts = source.counts();
    let member = new(Pages(source));
    for _ in 0..3 {
        let regions = counts.obtained();
        while counts.obtained() == regions {
            member.allocate(bytes(100)).expect("memory");
        }
        let beyond = counts.live_bytes().next_multiple_of(PAGE) - counts.live_bytes();
        assert!(
            beyond <= lost * counts.obtained(),
            "{name}: {beyond} bytes of a page are nobody's"
        );
    }
}

#[test]
fn chunks_fill_the_granules_that_they_take() {
    for first in [1, 4097, 5000] {
        each_general_member!(first, |name, make| on_pages(name, make, 0));
    }
    // What is left is too short for a block.
    each_growing_member!(1, bytes(100), |name, make| on_pages(name, make, 104));
}

/// A number of blocks is what its user asked for at least; a number of bytes is what it takes.
#[test]
fn a_region_for_blocks_fills_the_granules_that_it_takes() {
    fn filled<A, E: core::fmt::Debug>(name: &str, new: impl Fn(Pages) -> Result<A, E>) {
        let source = CountingSource::default();
        let counts = source.counts();
        let _member = new(Pages(source)).expect("a region");
        assert_eq!(counts.live_bytes() % PAGE, 0, "{name}");
    }
    for blocks in [1, 60, 1000] {
        filled("Bitmap", |source| Bitmap::new(64, blocks, source));
        filled("Buddy", |source| Buddy::new(64, blocks, source));
    }
}

/// A granule of zero bytes, or of more than there is, is no reason to hang or to divide by it.
#[test]
fn an_absurd_granule_does_no_harm() {
    struct Absurd(usize);
    // SAFETY: the regions are the system's.
    unsafe impl Source for Absurd {
        fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
            if layout.size() > 1 << 20 { None } else { SystemSource.obtain(layout) }
        }

        unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
            // SAFETY: by the caller.
            unsafe { SystemSource.release(region, layout) }
        }

        fn granule(&self) -> usize {
            self.0
        }
    }
    for granule in [0, 1, 3, 100_001] {
        each_growing_member!(1000, bytes(10), |name, make| {
            make(Absurd(granule)).allocate(bytes(10)).expect(name);
        });
        Bitmap::new(16, 10, Absurd(granule)).expect("a region");
        Buddy::new(16, 10, Absurd(granule)).expect("a region");
    }
    for granule in [usize::MAX >> 3, isize::MAX.unsigned_abs(), usize::MAX] {
        each_growing_member!(1000, bytes(10), |name, make| {
            assert!(make(Absurd(granule)).allocate(bytes(10)).is_err(), "{name}");
        });
        assert!(Bitmap::new(16, 10, Absurd(granule)).is_err());
        assert!(Buddy::new(16, 10, Absurd(granule)).is_err());
    }
}

/// Writes down the sizes of all regions, and counts in so many bytes.
struct Sizes(Arc<Mutex<Vec<usize>>>, usize);

// SAFETY: the regions are the system's.
unsafe impl Source for Sizes {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.lock().unwrap().push(layout.size());
        SystemSource.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) }
    }

    fn granule(&self) -> usize {
        self.1
    }
}

/// The most bytes that a chunk of a pool leaves of its last page, and the number of chunks.
fn left_by_a_pool(granule: usize, chunk_blocks: Option<usize>) -> (usize, usize) {
    let sizes = Arc::default();
    let mut builder = Pool::builder(bytes(200)).source(Sizes(Arc::clone(&sizes), granule));
    if let Some(blocks) = chunk_blocks {
        builder = builder.chunk_blocks(blocks);
    }
    let pool = builder.build_exact().expect("a pool");
    pool.prefill(1000).expect("memory");
    let sizes: Vec<usize> = sizes.lock().unwrap().clone();
    let chunks = || sizes.iter().filter(|size| **size > 2 * PAGE);
    let left = chunks().map(|size| size.next_multiple_of(PAGE) - size).max();
    (left.expect("a chunk"), chunks().count())
}

/// One more block needs room for itself, and its magazine.
#[test]
fn a_pools_chunks_fill_the_granules_that_they_take() {
    let (left, chunks) = left_by_a_pool(PAGE, None);
    assert!(left < 512, "{left} bytes of a page are nobody's");
    assert!(chunks > 1);
    let (left, _) = left_by_a_pool(1, None);
    assert!(left > 512, "a source without granules: {left} bytes behind a chunk");
}

/// A number of blocks that the builder was told is no matter of granules.
#[test]
#[cfg_attr(
    miri,
    ignore = "it has no double-width CAS, and regions of index entries count as chunks"
)]
fn a_fixed_number_of_blocks_stays() {
    assert_eq!(left_by_a_pool(PAGE, Some(100)), left_by_a_pool(1, Some(100)));
}
