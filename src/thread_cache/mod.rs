//! One thread's array of blocks, and the registry that knows them all.

mod handling;
mod registry;
mod rundown;
mod slot;
mod tally;
mod topology;

pub(crate) use handling::hook;
pub use handling::{EndHook, ExplicitHandles, StdThreads, ThreadHandling, ThreadId, Watcher};
pub use registry::Registry;
pub use rundown::{Exclusive, Rundown, RundownGuard};
pub use slot::{Slot, SlotRef};
pub use tally::SlotStats;
pub use topology::Topology;
