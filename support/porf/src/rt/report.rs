//! What an exploration is to do, and what it did.

use core::fmt;
use core::time::Duration;

use super::Stops;
use super::guide::Guide;

/// Limits and options of an exploration.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) workers: usize,
    pub(crate) max_threads: usize,
    pub(crate) max_events: usize,
    pub(crate) max_executions: Option<u64>,
    pub(crate) max_duration: Option<Duration>,
    pub(crate) max_memory_bytes: Option<usize>,
    pub(crate) spurious_failures: bool,
    pub(crate) check_duplicates: bool,
    /// Which threads are stopped for ever.
    pub(crate) stops: Stops,
    /// Whether a standstill is told, and is no failure.
    pub(crate) tells_standstills: bool,
    /// Run this execution only.
    pub(crate) guide: Option<Guide>,
}

/// A limit that ended an exploration before it had seen everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Limit {
    /// An execution has more events than this.
    Events(usize),
    /// There are more executions than this.
    Executions(u64),
    /// It took longer than this.
    Duration(Duration),
    /// Only the execution was run that `PORF_REPLAY` names.
    Replayed,
    /// The graphs took more memory than this.
    MemoryBytes(usize),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(most) => write!(
                f,
                "an execution has more than {most} events. A loop that waits for another thread \
                 needs `yield_now` or `spin_loop` in its body"
            ),
            Self::Executions(most) => write!(f, "there are more than {most} executions"),
            Self::Duration(most) => write!(f, "it takes longer than {most:?}"),
            Self::Replayed => f.write_str("PORF_REPLAY is set, and its execution passed"),
            Self::MemoryBytes(most) => write!(f, "the graphs take more than {most} bytes"),
        }
    }
}

/// Whether an exploration saw everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It ran every execution, and none failed.
    Exhausted,
    /// A limit ended it. No execution failed until then, which says little about the others.
    NotFinished(Limit),
}

/// What an exploration did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Report {
    /// How many executions ran to their end. Each is another graph.
    pub executions: u64,
    /// How many graphs ended where a thread spun on a value that it need not have read any more, or
    /// assumed what is false.
    /// Each of these runs leaves memory behind that its threads had allocated.
    pub blocked: u64,
    /// How many executions had a thread stopped for ever, and the others came to their end.
    pub stopped: u64,
    /// How many executions had a thread stopped for ever, and others waited for ever. If they waited
    /// in a loop, the run leaves memory behind, too.
    pub standstills: u64,
    /// The most events that an execution had.
    pub events: usize,
    /// Whether this is everything.
    pub verdict: Verdict,
}

impl Report {
    pub(crate) const START: Self = Self {
        executions: 0,
        blocked: 0,
        stopped: 0,
        standstills: 0,
        events: 0,
        verdict: Verdict::Exhausted,
    };

    /// How many graphs were run.
    pub(crate) fn runs(&self) -> u64 {
        self.executions + self.blocked + self.stopped + self.standstills
    }

    /// Adds what another worker did.
    pub(crate) fn add(&mut self, other: &Self) {
        self.executions += other.executions;
        self.blocked += other.blocked;
        self.stopped += other.stopped;
        self.standstills += other.standstills;
        self.events = self.events.max(other.events);
    }
}

/// What an exploration tells while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told<T> {
    /// An execution counts; this is what the model's closure returned in it.
    Execution(T),
    /// The exploration begins anew, because it has found a loop that it must unroll or references
    /// that it must count. What it told before is void: it explores those executions again.
    Anew,
}
