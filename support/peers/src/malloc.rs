//! Other people's general allocators, as values. None of them becomes the process's own, and none
//! defines the name `malloc`.
//!
//! | name | library | threads |
//! |---|---|---|
//! | `mimalloc` | mimalloc, through its crate | a heap per thread, lists of free blocks per page |
//! | `snmalloc` | snmalloc, through snmalloc-rs | frees of others go back by message |
//! | `jemalloc` | jemalloc, through tikv-jemallocator | a cache per thread before shared arenas |
//!
//! All three have the defaults of their crates, except that snmalloc is built without CMake. They
//! exist only with the feature `malloc`. Only the benches use rpmalloc.

use core::alloc::GlobalAlloc;
use core::fmt;

#[cfg(feature = "malloc")]
pub use {mimalloc::MiMalloc, snmalloc_rs::SnMalloc, tikv_jemallocator::Jemalloc};

/// An allocator under its name.
#[derive(Clone, Copy)]
pub struct Malloc {
    /// What it goes by in reports.
    pub name: &'static str,
    /// The allocator. What calls through this cannot be inlined: a timing that small differences
    /// matter to takes the types instead.
    pub heap: &'static (dyn GlobalAlloc + Sync),
}

impl fmt::Debug for Malloc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Malloc").field(&self.name).finish()
    }
}

/// All of them; none without the feature.
pub static MALLOCS: &[Malloc] = &[
    #[cfg(feature = "malloc")]
    Malloc { name: "mimalloc", heap: &MiMalloc },
    #[cfg(feature = "malloc")]
    Malloc { name: "snmalloc", heap: &SnMalloc },
    #[cfg(feature = "malloc")]
    Malloc { name: "jemalloc", heap: &Jemalloc },
];

#[cfg(all(test, feature = "malloc"))]
mod tests {
    use core::alloc::Layout;
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    #[test]
    fn each_takes_back_on_one_thread_what_it_gave_on_another() {
        let layouts = [(1, 1), (64, 8), (4096, 4096), (1 << 20, 16)];
        for Malloc { name, heap } in MALLOCS {
            for (size, align) in layouts {
                let layout = Layout::from_size_align(size, align).expect("a layout");
                // SAFETY: the size is not zero.
                let block = unsafe { heap.alloc(layout) };
                assert!(!block.is_null() && block.addr() % align == 0, "{name} {layout:?}");
                // SAFETY: at least one byte, and ours.
                unsafe { block.write(1) };
                let address = block.expose_provenance();
                let free = move || {
                    let block = core::ptr::with_exposed_provenance_mut(address);
                    // SAFETY: allocated above with this layout, freed once.
                    unsafe { heap.dealloc(block, layout) };
                };
                thread::spawn(free).join().expect("no panic");
            }
        }
    }

    #[test]
    fn no_two_are_the_same() {
        let layout = Layout::new::<[u64; 8]>();
        let blocks: BTreeSet<usize> = MALLOCS
            .iter()
            .map(|malloc| {
                // SAFETY: the size is not zero.
                let block = unsafe { malloc.heap.alloc(layout) };
                let address = block.addr();
                // SAFETY: from the same allocator, with the same layout.
                unsafe { malloc.heap.dealloc(block, layout) };
                // A whole chunk lies between two allocators' blocks.
                address >> 16
            })
            .collect();
        assert_eq!(blocks.len(), MALLOCS.len());
    }
}
