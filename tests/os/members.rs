//! Members and a pool on these sources.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::alloc::conformance::{Conformance, TestSource};
use stampool::alloc::{AsyncLinear, Blocks, Linear, Stack};
use stampool::source::{
    CountingSource, FallbackSource, LimitedSource, MapOptions, Mapped, Reserved,
};
use stampool::{BufferSource, Pool, Source};

/// Programs per pair: each maps and unmaps.
const PROGRAMS: u64 = 200;

/// Has each region begin at a multiple of 64 KiB, which is the largest alignment that the kit asks
/// for. The kit runs a program twice and compares, so a region must not begin elsewhere the second
/// time.
struct Grounded<S>(S);

fn grounded(layout: Layout) -> Option<Layout> {
    layout.align_to(64 << 10).ok()
}

// SAFETY: regions are those of the source inside.
unsafe impl<S: Source> Source for Grounded<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain(grounded(layout)?)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let layout = grounded(layout).expect("as it was obtained");
        // SAFETY: by the caller; obtained with this layout.
        unsafe { self.0.release(region, layout) }
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let (Some(old), Some(new)) = (grounded(old), grounded(new)) else { return false };
        // SAFETY: by the caller; obtained with this layout.
        unsafe { self.0.extend(region, old, new) }
    }

    fn granule(&self) -> usize {
        self.0.granule()
    }
}

/// With guards no region grows beyond its last page, whatever lies behind it in this run.
fn guarded() -> Grounded<Mapped> {
    Grounded(MapOptions::new().guard_pages(true).build().expect("plain pages"))
}

fn reserved() -> Grounded<Reserved> {
    Grounded(Reserved::with_step(64 << 20, 8192).expect("address space"))
}

#[test]
fn members_keep_the_contract_on_mapped_memory() {
    Conformance::new(|_| Linear::new(guarded())).reset().programs(PROGRAMS).check();
    Conformance::new(|_| Stack::new(guarded())).reset().programs(PROGRAMS).check();
    Conformance::new(|_| AsyncLinear::new(guarded())).reset().programs(PROGRAMS).check();
    let blocks = |_| Blocks::new(Layout::new::<[u64; 9]>(), guarded()).expect("blocks");
    Conformance::new(blocks).up_to(72, 8).programs(PROGRAMS).check();
}

#[test]
fn members_keep_the_contract_on_reserved_memory() {
    Conformance::new(|_| Linear::new(reserved())).reset().programs(PROGRAMS).check();
    Conformance::new(|_| Stack::new(reserved())).reset().programs(PROGRAMS).check();
    Conformance::new(|_| AsyncLinear::new(reserved())).reset().programs(PROGRAMS).check();
    let blocks = |_| Blocks::new(Layout::new::<[u64; 9]>(), reserved()).expect("blocks");
    Conformance::new(blocks).up_to(72, 8).programs(PROGRAMS).check();
}

/// Some of it a buffer, the rest another source's, and of that not much.
#[test]
fn sources_compose() {
    let make = |source: TestSource| {
        let buffer = source.buffer(32 << 10);
        // SAFETY: the kit keeps the buffer until the allocator is gone.
        let first = unsafe { BufferSource::from_raw_parts(buffer, 32 << 10) };
        let rest = LimitedSource::new(source, 1 << 20);
        Linear::with_first_chunk(FallbackSource::new(first, rest), 1000)
    };
    Conformance::new(make).reset().programs(5 * PROGRAMS).check();
}

#[test]
fn a_pool_runs_on_mapped_memory() {
    let source = CountingSource::new(guarded());
    let counts = source.counts();
    let pool = Pool::builder(Layout::new::<u64>()).source(source).build().expect("a pool");
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let local = pool.local().expect("memory");
                for _ in 0..10_000 {
                    let block = local.allocate().expect("memory");
                    // SAFETY: live, and freed once.
                    unsafe { local.deallocate(block) };
                }
            });
        }
    });
    drop(pool);
    assert_eq!(counts.live_regions(), 0);
}
