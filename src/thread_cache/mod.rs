//! One thread's array of blocks, and the registry that knows them all.

mod handling;
mod registry;
mod slot;

pub(crate) use handling::hook;
pub use handling::{EndHook, ExplicitHandles, StdThreads, ThreadHandling, ThreadId, Watcher};
pub use registry::Registry;
pub use slot::{Slot, SlotRef};
