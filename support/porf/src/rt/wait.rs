//! Why a thread does not run.

use crate::graph::Id;

/// What a suspended thread waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// Nothing: it can run.
    Nothing,
    /// The run has not yet reached the event that the thread's next event reads from.
    Source(Id),
    /// Its turn to add an event.
    Turn,
    /// The end of a thread.
    End(usize),
    /// The queue of a lock or of a condition variable lets this entry in.
    Queue(Id),
    /// The same for a `try_lock`: if the lock is never free, the execution does not exist.
    Try(Id),
    /// It spins: a write revisits one of its reads, or it spins for ever.
    Spin,
    /// It assumes something that is false: the execution does not exist, unless a write revisits one
    /// of its reads.
    Assume,
    /// Never again in this run.
    Abandoned,
    /// Never again in this execution, which has it stopped here.
    Stopped,
}
