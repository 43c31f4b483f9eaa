//! The caches of threads: for each, a slot with an array of blocks, and a registry of all slots.

mod registry;
mod slot;
mod tally;

pub use registry::Registry;
pub use slot::{Opened, Slot, SlotRef};
pub use tally::SlotStats;
