//! Members of one layout: blocks and pools.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic::catch_unwind;
use std::sync::Arc;

use stampool::alloc::{AllocError, Allocator, Blocks};
use stampool::{Pool, Source, SystemSource};

/// A request without bytes takes no memory, so no alignment is too large for it.
#[test]
fn no_bytes_are_served_with_every_alignment() {
    fn check(allocator: &impl Allocator) {
        for align in [1, 64, 4096] {
            let layout = Layout::from_size_align(0, align).expect("a layout");
            let block = allocator.allocate(layout).expect("no bytes");
            assert!(block.is_empty() && block.cast::<u8>().addr().get().is_multiple_of(align));
        }
        let one = Layout::from_size_align(1, 64).expect("a layout");
        assert_eq!(allocator.allocate(one), Err(AllocError::Unsupported));
    }
    let layout = Layout::new::<u64>();
    check(&Blocks::new(layout, SystemSource).expect("blocks"));
    let pool = Pool::builder(layout).build().expect("a pool");
    check(&pool.as_allocator().expect("a handle"));
    check(&Pool::builder(layout).build_exact().expect("a pool").as_allocator());
    check(&Pool::builder(layout).build_thread_local().expect("a pool").as_allocator());
}

/// Blocks that are as large as a chunk may become, each in a chunk of its own. The pages are never
/// touched, but for the footer's.
#[test]
#[cfg(target_pointer_width = "64")]
#[cfg_attr(miri, ignore = "three gigabytes of memory that Miri would keep")]
fn chunks_of_one_block_have_no_end() {
    let layout = Layout::from_size_align(33 << 20, 8).expect("a layout");
    let blocks = Blocks::new(layout, SystemSource).expect("blocks");
    for _ in 0..100 {
        blocks.allocate_block().expect("the source has refused nothing");
    }
    assert_eq!(blocks.usage().live_blocks, Some(100));
}

/// Panics at its first release, after it has given the region back.
struct PanicsOnce(Arc<AtomicUsize>);

// SAFETY: the regions are the system's.
unsafe impl Source for PanicsOnce {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        SystemSource.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
        assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "the source panics");
    }
}

/// Blocks in three chunks, of one, two and four blocks.
fn in_three_chunks(released: &Arc<AtomicUsize>) -> Blocks<PanicsOnce> {
    let source = PanicsOnce(released.clone());
    let blocks = Blocks::with_first_chunk(Layout::new::<u64>(), source, 1).expect("blocks");
    for _ in 0..4 {
        blocks.allocate_block().expect("memory");
    }
    blocks
}

#[test]
fn a_release_that_panics_leaks_no_other_chunk_of_blocks() {
    let released = Arc::new(AtomicUsize::new(0));
    let blocks = in_three_chunks(&released);
    let drop = AssertUnwindSafe(|| drop(blocks));
    assert!(catch_unwind(drop).is_err(), "the panic goes on");
    assert_eq!((released.load(Ordering::Relaxed), Arc::strong_count(&released)), (3, 1));
}

#[test]
fn a_reset_that_panics_leaves_blocks_that_work() {
    let released = Arc::new(AtomicUsize::new(0));
    let mut blocks = in_three_chunks(&released);
    let reset = AssertUnwindSafe(|| blocks.reset());
    assert!(catch_unwind(reset).is_err(), "the panic goes on");
    assert_eq!(released.load(Ordering::Relaxed), 2, "the largest chunk stays");
    assert_eq!(blocks.usage().live_blocks, Some(0));
    let block = blocks.allocate_block().expect("memory").cast::<u64>();
    // SAFETY: the block is live, and has room for a word.
    unsafe { block.write(7) };
    drop(blocks);
    assert_eq!(released.load(Ordering::Relaxed), 3);
}
