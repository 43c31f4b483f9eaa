//! What a pool knows of threads: which one calls, where it runs, and how its end meets the pool's.

mod handling;
mod rundown;
mod topology;

pub(crate) use handling::hook;
pub use handling::{EndHook, ExplicitHandles, StdThreads, ThreadHandling, ThreadId, Watcher};
pub use rundown::{Exclusive, Rundown, RundownGuard};
pub use topology::Topology;
