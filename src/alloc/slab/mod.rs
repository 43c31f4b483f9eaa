//! An arena with a capacity: pools for classes of sizes, and runs of pages, in one region.

mod arena;
mod builder;
mod chunks;
mod classes;
mod marks;
mod pages;
mod report;
mod runs;
mod stats;
mod trim;

pub use arena::SlabArena;
pub use builder::SlabArenaBuilder;
pub use stats::{SlabClass, SlabStats};
