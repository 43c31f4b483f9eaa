//! An allocator of this library as that of whichever program links this crate: `BestFit` behind a
//! lock, with memory from the system's allocator, or with a feature the general allocator.
//!
//! `cargo xtask suites` links it to the tests of published packages.

#[cfg(feature = "general")]
#[global_allocator]
static ALLOCATOR: stampool::general::Stampool = stampool::general::Stampool;

/// Bytes of the blocks that the program has, or that its threads keep.
#[cfg(feature = "general")]
pub fn used_bytes() -> usize {
    ALLOCATOR.stats().drawn_bytes
}

#[cfg(not(feature = "general"))]
pub use heap::used_bytes;

#[cfg(not(feature = "general"))]
mod heap;
