//! What a checker explored.

use std::collections::BTreeMap;

/// What a checker explored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "harness", derive(serde::Serialize, serde::Deserialize))]
pub struct Exploration {
    /// Executions that ran to their end.
    pub executions: u64,
    /// The most events that an execution had; 0 if the checker does not count them.
    #[cfg_attr(feature = "harness", serde(default))]
    pub events: usize,
    /// How many executions ended in each outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Whether everything was run that was asked for (within the bound, where there is one).
    pub finished: bool,
}

impl Exploration {
    /// Counts one execution that ended in `outcome`.
    pub fn record(&mut self, outcome: String) {
        self.executions += 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }
}
