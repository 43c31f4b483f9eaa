//! Address space that becomes memory by steps.

use core::alloc::Layout;

use stampool::Source;
use stampool::alloc::Linear;
use stampool::source::{CountingSource, MapError, OwningSource, Reserved};

use crate::common::forks::in_a_fork;
use crate::proc::{is_mapped, kib};

const TERABYTE: usize = 1 << 40;

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

#[test]
fn a_terabyte_is_reserved_and_costs_what_is_used() {
    let mut source = Reserved::new(TERABYTE).expect("address space");
    assert_eq!((source.reserved_bytes(), source.committed_bytes()), (TERABYTE, 0));
    let region = source.obtain(bytes(10 << 20)).expect("memory");
    // SAFETY: the region is live, and this long.
    unsafe { region.write_bytes(1, 10 << 20) };
    assert_eq!(source.committed_bytes(), 10 << 20);
    assert_eq!(kib(region, "Rss"), 10 << 10);
    // SAFETY: obtained with this layout, and not used any more.
    unsafe { source.release(region, bytes(10 << 20)) };
    assert_eq!((source.used_bytes(), source.committed_bytes()), (0, 0));
    assert_eq!(kib(region, "Rss"), 0, "the pages went back");
    let base = region.addr().get();
    assert!(is_mapped(base + TERABYTE - 1), "the addresses did not");
    assert!(source.owns(region));
    drop(source);
    in_a_fork(|| {
        let source = Reserved::new(TERABYTE).expect("address space");
        let mut source = source;
        let base = source.obtain(bytes(1)).expect("memory").addr().get();
        drop(source);
        assert!(!is_mapped(base) && !is_mapped(base + TERABYTE - 1), "all of it went back");
    });
}

#[test]
fn memory_is_committed_by_steps() {
    let mut source = Reserved::with_step(1 << 20, 100_000).expect("address space");
    let step = 100_000_usize.next_multiple_of(source.granule());
    for _ in 0..3 {
        let region = source.obtain(bytes(1)).expect("memory");
        assert_eq!(source.committed_bytes(), step);
        let more = bytes(step + 1);
        // SAFETY: live, of this layout, and the new one is larger.
        assert!(unsafe { source.extend(region, bytes(1), more) });
        assert_eq!(source.committed_bytes(), 2 * step);
        // SAFETY: the region is live, and this long.
        unsafe { region.write_bytes(1, step + 1) };
        // SAFETY: of this layout, and not used any more.
        unsafe { source.release(region, more) };
        assert_eq!(source.committed_bytes(), 0);
    }
}

/// The end of the range is not a multiple of the step.
#[test]
fn the_last_step_ends_with_the_range() {
    let mut source = Reserved::with_step(10 << 12, 8 << 12).expect("address space");
    let all = source.obtain(bytes(10 << 12)).expect("all of it");
    // SAFETY: the region is live, and this long.
    unsafe { all.write_bytes(1, 10 << 12) };
    assert!(source.obtain(bytes(1)).is_none());
    assert_eq!((source.used_bytes(), source.committed_bytes()), (10 << 12, 10 << 12));
}

#[test]
fn the_last_region_alone_grows_and_comes_back() {
    let mut source = Reserved::new(1 << 30).expect("address space");
    let page = source.granule();
    let (first, second) =
        (source.obtain(bytes(page)).expect("memory"), source.obtain(bytes(10)).expect("memory"));
    // SAFETY: live, of this layout, and the new one is larger.
    assert!(!unsafe { source.extend(first, bytes(page), bytes(page + 1)) });
    // SAFETY: as above.
    assert!(unsafe { source.extend(second, bytes(10), bytes(page)) }, "within the page");
    let used = source.used_bytes();
    // SAFETY: of this layout, and not used any more.
    unsafe { source.release(first, bytes(page)) };
    assert_eq!(source.used_bytes(), used, "not the last one");
    // SAFETY: as above.
    unsafe { source.release(second, bytes(page)) };
    assert_eq!(source.used_bytes(), page);
    let third = source.obtain(bytes(1)).expect("memory");
    assert_eq!(third, second, "the same addresses");
    // SAFETY: live. Fresh memory is zero.
    unsafe { assert_eq!(third.read(), 0) };
}

/// One chunk, which never moves, whatever the allocator comes to.
#[test]
fn a_linear_allocator_grows_in_place() {
    let source = CountingSource::new(Reserved::new(TERABYTE).expect("address space"));
    let counts = source.counts();
    let mut linear = Linear::new(source);
    let mut last = 0;
    for _ in 0..300 {
        let block = linear.allocate(bytes(1 << 20)).expect("memory").cast::<u8>();
        assert!(
            last == 0 || block.addr().get() == last + (1 << 20),
            "nothing is lost between them"
        );
        last = block.addr().get();
    }
    assert_eq!(counts.obtained(), 1);
    assert!(counts.extended() > 8);
    linear.reset();
    assert_eq!(linear.usage().used_bytes, 0);
    drop(linear);
    assert_eq!(counts.live_regions(), 0);
}

#[test]
fn absurd_sizes_are_refused() {
    for size in [usize::MAX, isize::MAX.unsigned_abs() + 1, isize::MAX.unsigned_abs()] {
        let error = Reserved::new(size).expect_err("too large");
        assert!(matches!(error, MapError::TooLarge { .. } | MapError::Refused { .. }), "{error}");
    }
    if cfg!(target_arch = "x86_64") {
        // Less than `isize::MAX`, and more than the kernel has addresses for.
        let bytes = (usize::MAX >> 17) + 1;
        let error = Reserved::new(bytes).expect_err("2^47 bytes");
        assert_eq!(error, MapError::TooLarge { bytes });
    }
    let mut source = Reserved::with_step(0, 0).expect("a page");
    let page = source.granule();
    assert_eq!(source.reserved_bytes(), page);
    for size in [0, page + 1, isize::MAX.unsigned_abs()] {
        assert!(source.obtain(bytes(size)).is_none(), "{size}");
    }
    for shift in 0..=29 {
        let layout = Layout::from_size_align(1, 1 << shift).expect("a layout");
        let mut source = Reserved::new(3 << 29).expect("address space");
        let region = source.obtain(layout).expect("room for any alignment");
        assert!(region.addr().get().is_multiple_of(layout.align()));
        // SAFETY: the region is live.
        unsafe { region.write(1) };
    }
}

#[test]
fn a_child_has_a_copy() {
    let mut source = Reserved::new(1 << 30).expect("address space");
    let region = source.obtain(bytes(100)).expect("memory");
    // SAFETY: the region is live.
    unsafe { region.write(1) };
    in_a_fork(|| {
        // SAFETY: live in the child as well.
        unsafe { region.write(2) };
        // SAFETY: of this layout, and the new one is larger.
        assert!(unsafe { source.extend(region, bytes(100), bytes(5 << 20)) });
    });
    // SAFETY: the region is live.
    unsafe { assert_eq!(region.read(), 1) };
}

#[test]
fn the_pages_of_a_region_in_the_middle_go_back_too() {
    let mut source = Reserved::new(1 << 30).expect("address space");
    let layout = bytes(1 << 20);
    let [first, last] = [(); 2].map(|()| source.obtain(layout).expect("memory"));
    for region in [first, last] {
        // SAFETY: the region is live, and this long.
        unsafe { region.write_bytes(1, 1 << 20) };
    }
    // SAFETY: obtained with this layout, and not used any more.
    unsafe { source.release(first, layout) };
    // SAFETY: the byte is in the last region.
    assert_eq!(unsafe { last.read() }, 1);
    let end = first.map_addr(|at| at.checked_add(source.reserved_bytes()).unwrap());
    assert!(source.owns(first) && !source.owns(end), "the address behind the range");
    // SAFETY: the pages are the source's, and memory that went back reads as zero.
    assert_eq!(unsafe { first.read() }, 0, "the pages went back");
    // SAFETY: obtained with this layout, and not used any more.
    unsafe { source.release(last, layout) };
}
