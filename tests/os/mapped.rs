//! What the options do, as the kernel shows it.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::time::Duration;

use stampool::Source;
use stampool::source::{HugePageSize, HugePages, MapError, MapOptions, Mapped};

use crate::common::forks::{in_a_fork, outcome};
use crate::proc::{has_flag, is_mapped, kib};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

fn give(source: &mut Mapped, region: NonNull<u8>, layout: Layout) {
    // SAFETY: live, of this layout, and not used any more.
    unsafe { source.release(region, layout) };
}

/// Writes the whole region, and reads it.
fn use_all(region: NonNull<u8>, size: usize) {
    for offset in [0, size / 2, size - 1] {
        // SAFETY: in the region.
        let byte = unsafe { region.add(offset) };
        // SAFETY: the region is live, and nobody else uses it. Fresh memory is zero.
        unsafe { assert_eq!(byte.read(), 0) };
    }
    // SAFETY: the region is live, and this long.
    unsafe { region.write_bytes(7, size) };
}

#[test]
fn regions_have_every_size_and_alignment() {
    for guard_pages in [false, true] {
        let mut source = MapOptions::new().guard_pages(guard_pages).build().expect("plain pages");
        let page = source.granule();
        for shift in 0..=24 {
            for size in [1, 7, page - 1, page, page + 1, 100_000] {
                let layout = layout(size, 1 << shift);
                let region = source.obtain(layout).expect("memory");
                assert!(region.addr().get().is_multiple_of(layout.align()));
                use_all(region, size.next_multiple_of(page));
                let (first, last) = (region.addr().get(), region.addr().get() + size - 1);
                assert!(is_mapped(first) && is_mapped(last));
                give(&mut source, region, layout);
            }
        }
    }
}

/// What was cut off for the alignment is no longer mapped, and neither is what went back.
#[test]
fn nothing_stays_mapped() {
    in_a_fork(|| {
        let mut source = MapOptions::new().guard_pages(true).build().expect("plain pages");
        let count = || std::fs::read_to_string("/proc/self/maps").expect("Linux").lines().count();
        let before = count();
        let layout = layout(5000, 1 << 24);
        let regions: Vec<_> = (0..50).map(|_| source.obtain(layout).expect("memory")).collect();
        for region in regions {
            give(&mut source, region, layout);
            assert!(!is_mapped(region.addr().get()), "released and still mapped");
        }
        assert!(count() <= before + 2, "as many mappings as before, and what a vector took");
    });
}

#[test]
fn options_are_what_the_kernel_shows() {
    let size = 1 << 20;
    for (options, flag) in [
        (MapOptions::new().no_reserve(true), "nr"),
        (MapOptions::new().lock(true), "lo"),
        (MapOptions::new().huge_pages(HugePages::Advised), "hg"),
        (MapOptions::new().huge_pages(HugePages::Never), "nh"),
    ] {
        let mut source = match options.build() {
            Ok(source) => source,
            Err(MapError::NoTransparentHugePages) => continue,
            Err(error) => panic!("{options:?}: {error}"),
        };
        let layout = layout(size, 1);
        let region = source.obtain(layout).expect("memory");
        assert!(has_flag(region, flag), "{options:?}");
        use_all(region, size);
        give(&mut source, region, layout);
        let mut plain = Mapped::new();
        let region = plain.obtain(layout).expect("memory");
        assert!(!has_flag(region, flag), "without the option there is no such flag");
        give(&mut plain, region, layout);
    }
}

#[test]
fn prefaulted_and_locked_pages_are_there() {
    let layout = layout(3 << 20, 1);
    for (options, is_there) in [
        (MapOptions::new().guard_pages(true), false),
        (MapOptions::new().guard_pages(true).prefault(true), true),
        (MapOptions::new().guard_pages(true).lock(true), true),
    ] {
        let mut source = options.build().expect("three megabytes");
        let region = source.obtain(layout).expect("memory");
        let resident = kib(region, "Rss");
        assert_eq!(resident, if is_there { 3 << 10 } else { 0 }, "{options:?}");
        give(&mut source, region, layout);
    }
}

#[test]
fn advised_regions_are_whole_huge_pages() {
    let Ok(mut source) = MapOptions::new().huge_pages(HugePages::Advised).build() else { return };
    let huge = source.granule();
    assert!(huge >= 1 << 20, "{huge}");
    let region = source.obtain(layout(100, 8)).expect("memory");
    assert!(region.addr().get().is_multiple_of(huge));
    use_all(region, huge);
    give(&mut source, region, layout(100, 8));
}

/// Whether explicit pages of 2 MiB are free.
fn are_free(pages: usize) -> bool {
    let free = std::fs::read_to_string("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
    free.is_ok_and(|free| free.trim().parse::<usize>().is_ok_and(|free| free >= pages))
}

#[test]
fn explicit_huge_pages_are_there_or_the_error_says_how_to_get_them() {
    let options = MapOptions::new().huge_pages(HugePages::Explicit(HugePageSize::Mib2));
    match options.build() {
        Ok(mut source) => {
            assert!(are_free(1), "there were none, and no error");
            let region = source.obtain(layout(100, 8)).expect("one page at least");
            assert_eq!(kib(region, "KernelPageSize"), 2048);
            give(&mut source, region, layout(100, 8));
        }
        Err(error) => {
            assert!(!are_free(1), "{error}");
            assert_eq!(error, MapError::NoHugePages { page_bytes: 2 << 20 });
            assert!(error.to_string().contains("hugepages-2048kB/nr_hugepages"), "{error}");
        }
    }
}

#[test]
fn the_fallback_of_explicit_huge_pages_is_counted() {
    let pages = HugePages::ExplicitOrAdvised(HugePageSize::Mib2);
    let mut source = MapOptions::new().huge_pages(pages).build().expect("one or the other");
    assert_eq!((source.granule(), source.fallbacks()), (2 << 20, 0));
    // Larger than what a machine sets aside for tests.
    let layout = layout(512 << 20, 4096);
    let region = source.obtain(layout).expect("memory");
    let is_explicit = kib(region, "KernelPageSize") == 2048;
    assert_eq!(source.fallbacks(), usize::from(!is_explicit));
    assert!(region.addr().get().is_multiple_of(2 << 20));
    use_all(region, 4096);
    give(&mut source, region, layout);
    assert!(!is_mapped(region.addr().get()));
}

/// Guards lie behind a region and in front of it.
#[test]
fn a_write_to_a_guard_page_ends_the_process() {
    let mut source = MapOptions::new().guard_pages(true).build().expect("plain pages");
    let page = source.granule();
    let region = source.obtain(layout(page, 1)).expect("memory");
    for outside in [region.as_ptr().wrapping_add(page), region.as_ptr().wrapping_sub(1)] {
        // SAFETY: not kept, on purpose: the child writes to a guard, which no object lies in.
        let child = || unsafe { outside.write_volatile(1) };
        // SAFETY: the child does nothing but that write.
        let told = outcome(Duration::from_secs(10), || unsafe { libc::fork() }, child);
        let wrong = told.expect_err("the child lives");
        assert!(wrong.contains("status 0xb"), "SIGSEGV: {wrong}");
    }
    use_all(region, page);
    give(&mut source, region, layout(page, 1));
}

#[test]
fn a_region_grows_where_the_addresses_behind_it_are_free() {
    let mut source = Mapped::new();
    let page = source.granule();
    // Three regions in a row, as a rule from high addresses to low ones. The one in the middle goes
    // back, so that there is room behind the lowest.
    let mut regions: Vec<_> =
        (0..3).map(|_| source.obtain(layout(page, 1)).expect("memory")).collect();
    regions.sort_by_key(|region| region.addr());
    let (low, middle) = (regions[0], regions[1]);
    // SAFETY: live, and of this layout.
    let within = unsafe { source.extend(low, layout(100, 1), layout(page, 1)) };
    assert!(within, "within its page a region always grows");
    let is_row = middle.addr().get() - low.addr().get() == page
        && regions[2].addr().get() - middle.addr().get() == page;
    if !is_row {
        return;
    }
    // SAFETY: as above.
    let over = unsafe { source.extend(low, layout(page, 1), layout(2 * page, 1)) };
    assert!(!over, "another region lies there");
    give(&mut source, middle, layout(page, 1));
    // SAFETY: as above. Another thread may have mapped something there meanwhile.
    if unsafe { source.extend(low, layout(page, 1), layout(2 * page, 1)) } {
        use_all(low, 2 * page);
        give(&mut source, low, layout(2 * page, 1));
        assert!(!is_mapped(low.addr().get() + page), "an extended region goes back as one");
    } else {
        give(&mut source, low, layout(page, 1));
    }
    give(&mut source, regions[2], layout(page, 1));
}

#[test]
fn a_child_has_a_copy() {
    let mut source = MapOptions::new().guard_pages(true).build().expect("plain pages");
    let layout = layout(10_000, 64);
    let region = source.obtain(layout).expect("memory");
    use_all(region, 10_000);
    in_a_fork(|| {
        let mut source = source;
        // SAFETY: the region is live in the child as well.
        unsafe { assert_eq!(region.read(), 7) };
        // SAFETY: as above.
        unsafe { region.write_bytes(1, 10_000) };
        give(&mut source, region, layout);
        let other = source.obtain(layout).expect("memory");
        use_all(other, 10_000);
    });
    // SAFETY: the region is live.
    unsafe { assert_eq!(region.read(), 7, "the child wrote to its own") };
    give(&mut source, region, layout);
}
