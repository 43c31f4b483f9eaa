//! What the enumerator finds.

use core::fmt;
use std::collections::BTreeSet;

use super::event::StepId;

/// What a run of a program showed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// Per thread what its reads gave; `None` for a read that was skipped.
    pub reads: Vec<Vec<Option<u64>>>,
    /// What each location holds at the end.
    pub last: Vec<u64>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |values: &[Option<u64>]| {
            let word = |value: &Option<u64>| value.map_or("-".to_owned(), |v| v.to_string());
            values.iter().map(word).collect::<Vec<_>>().join(" ")
        };
        let threads: Vec<String> = self.reads.iter().map(|reads| words(reads)).collect();
        let last: Vec<Option<u64>> = self.last.iter().copied().map(Some).collect();
        write!(f, "{} => {}", threads.join(" | "), words(&last))
    }
}

/// An execution graph in a form that depends only on the program: its events are named by the
/// steps, and the order of the lists is fixed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Graph {
    /// Each step that reads, with the step whose write it reads; `None` is the initial write.
    pub reads_from: Vec<(StepId, Option<StepId>)>,
    /// Per location its writes in modification order, without the initial one.
    pub modifications: Vec<Vec<StepId>>,
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |id: &StepId| format!("{}.{}", id.thread, id.step);
        let source = |source: &Option<StepId>| source.as_ref().map_or("init".to_owned(), name);
        let pairs = self.reads_from.iter();
        let reads: Vec<_> =
            pairs.map(|(to, from)| format!("{}<-{}", name(to), source(from))).collect();
        let lists = self.modifications.iter();
        let writes: Vec<_> =
            lists.map(|list| list.iter().map(name).collect::<Vec<_>>().join(" ")).collect();
        write!(f, "reads {}; writes {}", reads.join(" "), writes.join(" / "))
    }
}

/// All that a program may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executions {
    /// What may be seen.
    pub outcomes: BTreeSet<Outcome>,
    /// The consistent execution graphs.
    pub graphs: BTreeSet<Graph>,
    /// How many candidates were looked at.
    pub candidates: u64,
}
