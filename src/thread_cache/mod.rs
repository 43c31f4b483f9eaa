//! One thread's array of blocks, and the registry that knows them all.

mod registry;
mod slot;
mod tally;

pub use registry::Registry;
pub use slot::{Slot, SlotRef};
pub use tally::SlotStats;
