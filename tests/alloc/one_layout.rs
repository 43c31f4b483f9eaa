//! Members of one layout: blocks and pools.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::alloc::{AllocError, Allocator, Blocks};
use stampool::source::{CountingSource, FailingSource, SourceCounts};
use stampool::{Pool, SystemSource};

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

/// A call that took the growth lock would wait for ever.
#[test]
fn a_pool_becomes_an_allocator_while_growth_is_excluded() {
    let layout = Layout::new::<u64>();
    let pool = Pool::builder(layout).build_thread_local().expect("a pool");
    assert_eq!(pool.without_growth(|| pool.as_allocator().layout()), layout);
    let pool = Pool::builder(layout).build().expect("a pool");
    pool.prefill(0, 1).expect("a slot");
    let allocator = pool.without_growth(|| pool.as_allocator()).expect("the slot");
    assert_eq!(allocator.layout(), layout);
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

/// Blocks in three chunks, of one, two and four blocks.
/// The source panics at its first release.
fn in_three_chunks() -> (Blocks<CountingSource<FailingSource>>, SourceCounts) {
    let source = CountingSource::new(FailingSource::default().panic_at_release(0));
    let counts = source.counts();
    let blocks = Blocks::with_first_chunk(Layout::new::<u64>(), source, 1).expect("blocks");
    for _ in 0..4 {
        blocks.allocate_block().expect("memory");
    }
    (blocks, counts)
}

#[test]
fn a_release_that_panics_leaks_no_other_chunk_of_blocks() {
    let (blocks, counts) = in_three_chunks();
    let drop = AssertUnwindSafe(|| drop(blocks));
    assert!(catch_unwind(drop).is_err(), "the panic goes on");
    assert_eq!((counts.released(), counts.sources()), (3, 0));
}

#[test]
fn a_reset_that_panics_leaves_blocks_that_work() {
    let (mut blocks, counts) = in_three_chunks();
    let reset = AssertUnwindSafe(|| blocks.reset());
    assert!(catch_unwind(reset).is_err(), "the panic goes on");
    assert_eq!(counts.released(), 2, "the largest chunk stays");
    assert_eq!(blocks.usage().live_blocks, Some(0));
    let block = blocks.allocate_block().expect("memory").cast::<u64>();
    // SAFETY: the block is live, and has room for a word.
    unsafe { block.write(7) };
    drop(blocks);
    assert_eq!(counts.released(), 3);
}
