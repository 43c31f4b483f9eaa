//! The caches of threads. Each is an array of blocks in a slot, and the registry lists all slots of
//! a pool.

mod registry;
mod slot;
mod tally;

pub use registry::Registry;
pub use slot::{Opened, Slot, SlotRef};
pub use tally::SlotStats;
