//! Which threads an exploration stops for ever, and what it tells of threads that wait for them.

use core::fmt;

use super::Place;

/// Which threads an exploration stops for ever, one in an execution, before each of their steps.
///
/// Threads are numbered as they were spawned, and the thread that runs the model is number 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stops {
    /// None.
    #[default]
    Nobody,
    /// Each thread.
    Anyone,
    /// These threads.
    Threads(Vec<usize>),
}

impl Stops {
    pub(super) fn names(&self, thread: usize) -> bool {
        match self {
            Self::Nobody => false,
            Self::Anyone => true,
            Self::Threads(threads) => threads.contains(&thread),
        }
    }
}

/// An execution in which a thread is stopped for ever, and others wait for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standstill {
    /// The thread that is stopped.
    pub thread: usize,
    /// What it did, if the model said so by [`operation`](crate::model::operation).
    pub operation: Option<&'static str>,
    /// The line of the step before which it is stopped.
    pub at: Place,
    /// The threads that wait, at least one, but for those that only join another one that waits.
    pub waiters: Vec<Waiter>,
}

/// A thread that waits for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiter {
    /// The thread.
    pub thread: usize,
    /// What it does, if the model said so by [`operation`](crate::model::operation).
    pub operation: Option<&'static str>,
    /// Where it waits: the line of the lock or of the yield, or that of its last event.
    pub at: Place,
    /// For what it waits.
    pub awaits: Awaits,
}

/// For what a thread waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaits {
    /// For a lock.
    Lock {
        /// Where the lock was made.
        made: Place,
        /// The thread that is to give it back.
        holder: usize,
    },
    /// For a notification of a condition variable.
    Notification {
        /// Where the condition variable was made.
        made: Place,
    },
    /// For another value.
    Value {
        /// Where the variables were made that its loop reads.
        made: Vec<Place>,
    },
}

struct Who(usize, Option<&'static str>);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {}", self.0)?;
        self.1.map_or(Ok(()), |operation| write!(f, " (in `{operation}`)"))
    }
}

impl fmt::Display for Standstill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = Who(self.thread, self.operation);
        write!(f, "{who} is stopped for ever before its step at {}", self.at)?;
        self.waiters.iter().try_for_each(|waiter| write!(f, ", and {waiter}"))
    }
}

impl fmt::Display for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits at {} for ", Who(self.thread, self.operation), self.at)?;
        match &self.awaits {
            Awaits::Lock { made, holder } => {
                write!(f, "the lock made at {made}, which thread {holder} is to give back")
            }
            Awaits::Notification { made } => {
                write!(f, "a notification of the condition variable made at {made}")
            }
            Awaits::Value { made } => {
                f.write_str("another value of what was made at ")?;
                for (nth, place) in made.iter().enumerate() {
                    write!(f, "{}{place}", if nth > 0 { " and " } else { "" })?;
                }
                Ok(())
            }
        }
    }
}
