//! What the options do, as the kernel shows it.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    let mut source = match MapOptions::new().huge_pages(HugePages::Advised).build() {
        Ok(source) => source,
        Err(error) => {
            assert_eq!(error, MapError::NoTransparentHugePages);
            assert!(!std::fs::exists("/sys/kernel/mm/transparent_hugepage").unwrap_or(false));
            skips::skip("transparent huge pages", "the kernel was built without them");
            return;
        }
    };
    let huge = source.granule();
    assert!(huge >= 1 << 20, "{huge}");
    let region = source.obtain(layout(100, 8)).expect("memory");
    assert!(region.addr().get().is_multiple_of(huge));
    use_all(region, huge);
    give(&mut source, region, layout(100, 8));
}

/// How many explicit pages of this size are free, where the kernel has the size.
fn free_pages(size: &str) -> Option<usize> {
    let folder = "/sys/kernel/mm/hugepages/hugepages-";
    let free = std::fs::read_to_string(format!("{folder}{size}/free_hugepages")).ok()?;
    free.trim().parse().ok()
}

/// Held by the tests that take explicit pages, or count them.
static RESERVED: Mutex<()> = Mutex::new(());

fn reserved_pages() -> MutexGuard<'static, ()> {
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner)
}

const EXPLICIT: MapOptions = MapOptions::new().huge_pages(HugePages::Explicit(HugePageSize::Mib2));

/// Maps all pages that are reserved, and one more, which is not there.
#[test]
fn explicit_huge_pages_are_those_that_are_reserved() {
    const PAGE: usize = 2 << 20;
    let _alone = reserved_pages();
    let Some(free @ 1..) = free_pages("2048kB") else {
        skips::skip("explicit huge pages", "none are reserved, so their absence is tested alone");
        return;
    };
    for prefault in [false, true] {
        let mut source = EXPLICIT.prefault(prefault).build().expect("a page is free");
        assert_eq!(source.granule(), PAGE);
        let one = layout(100, 8);
        let regions: Vec<_> = (0..free).map_while(|_| source.obtain(one)).collect();
        assert_eq!(regions.len(), free, "each region takes one page");
        for region in &regions {
            assert_eq!(kib(*region, "KernelPageSize"), 2048);
            assert!(region.addr().get().is_multiple_of(PAGE));
            use_all(*region, PAGE);
        }
        assert_eq!(source.obtain(one), None, "all are taken");
        assert_eq!(EXPLICIT.build().err(), Some(MapError::NoHugePages { page_bytes: PAGE }));
        for region in regions {
            give(&mut source, region, one);
        }
        assert_eq!(free_pages("2048kB"), Some(free), "all are free again");
        if free > 1 {
            let large = layout(PAGE + 1, PAGE);
            let region = source.obtain(large).expect("two pages");
            use_all(region, 2 * PAGE);
            give(&mut source, region, large);
        }
        assert_eq!(source.obtain(layout(free * PAGE + 1, 8)), None, "larger than all of them");
        assert_eq!(free_pages("2048kB"), Some(free), "what is refused takes nothing");
    }
}

#[test]
fn explicit_huge_pages_that_are_not_there_are_an_error_that_says_how_to_get_them() {
    let _alone = reserved_pages();
    for (size, name, page_bytes) in
        [(HugePageSize::Mib2, "2048kB", 2 << 20), (HugePageSize::Gib1, "1048576kB", 1 << 30)]
    {
        let result = MapOptions::new().huge_pages(HugePages::Explicit(size)).build();
        match (free_pages(name), result) {
            (Some(1..), result) => assert!(result.is_ok(), "{result:?}: {name}"),
            (Some(0), result) => {
                let error = result.expect_err("none is free");
                assert_eq!(error, MapError::NoHugePages { page_bytes });
                let remedy = format!("hugepages-{name}/nr_hugepages");
                assert!(error.to_string().contains(&remedy), "{error}");
            }
            (None, result) => {
                assert_eq!(result.err(), Some(MapError::NoSuchHugePage { page_bytes }));
            }
        }
    }
}

#[test]
fn the_fallback_of_explicit_huge_pages_is_counted() {
    let _alone = reserved_pages();
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
