//! What a pool learns about threads: which thread calls, where the thread runs, whether the
//! pool still exists when the thread ends, and what others have changed.

mod changes;
mod handling;
mod rundown;
mod topology;

pub use changes::Changes;
pub(crate) use handling::hook;
pub use handling::{EndHook, ExplicitHandles, StdThreads, ThreadHandling, ThreadId, Watcher};
pub use rundown::{Exclusive, Rundown, RundownGuard};
pub use topology::Topology;
