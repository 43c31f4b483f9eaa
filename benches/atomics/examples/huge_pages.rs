//! How much of a pool lies in huge pages: with regions where `SystemSource` places them, or with
//! `as-they-come`, wherever the allocator puts them. Linux tells; it backs them by huge pages
//! unasked where `/sys/kernel/mm/transparent_hugepage/enabled` says `always`.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc;
use std::fs;

use stampool::{AllocError, Pool, Source, SystemSource};

const BLOCKS: usize = 4_000_000;

/// Leaves alignment to the allocator.
struct AsTheyCome;

// SAFETY: the allocator's regions, with the layouts that were asked for.
unsafe impl Source for AsTheyCome {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: a pool asks for no empty region.
        NonNull::new(unsafe { alloc::alloc(layout) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller it came from `obtain` with this layout.
        unsafe { alloc::dealloc(region.as_ptr(), layout) };
    }
}

fn main() -> Result<(), AllocError> {
    let builder = Pool::builder(Layout::new::<[u64; 8]>());
    let builder = match std::env::args().nth(1).as_deref() {
        None => builder.source(SystemSource),
        Some("as-they-come") => builder.source(AsTheyCome),
        Some(other) => panic!("as-they-come or nothing, not {other}"),
    };
    let pool = builder.build().expect("a valid pool");
    let local = pool.local()?;
    let blocks: Vec<_> = (0..BLOCKS).map(|_| local.allocate()).collect::<Result<_, _>>()?;
    for block in &blocks {
        // SAFETY: ours, and of eight bytes at least.
        unsafe { block.cast::<usize>().write(1) };
    }
    println!("{} of {} MiB in huge pages", mebibytes("AnonHugePages:"), mebibytes("Rss:"));
    for block in blocks {
        // SAFETY: allocated above, and freed once.
        unsafe { local.deallocate(block) };
    }
    Ok(())
}

/// A line of what Linux tells of this process's memory.
fn mebibytes(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("one of its lines");
    let kibibytes: u64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("kB");
    kibibytes / 1024
}
