//! What came of one call of the stress binary under a tool.

use serde::Serialize;

/// Good, bad, or not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// Nothing was reported; or, of the mutant, what must be reported was.
    Fine,
    /// Something else.
    Bad,
    /// The tool is not there.
    Skipped,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Bad => "BAD",
            Self::Skipped => "skipped",
        }
    }
}

/// A line of the table and of the JSON.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) tool: &'static str,
    /// Which part of the run.
    pub(super) what: String,
    /// Strategies times scenarios.
    pub(super) runs: usize,
    /// Allocations and deallocations.
    pub(super) operations: u64,
    /// Of stress, by its own clock.
    pub(super) seconds: f64,
    /// What the tool reported.
    pub(super) reports: usize,
    /// What the oracles found.
    pub(super) violations: usize,
    pub(super) outcome: Outcome,
    /// The reason, or the first report.
    pub(super) detail: String,
    /// The command that does it again.
    pub(super) again: String,
}

impl Row {
    pub(super) fn skipped(tool: &'static str, reason: String) -> Self {
        Self {
            tool,
            what: String::new(),
            runs: 0,
            operations: 0,
            seconds: 0.0,
            reports: 0,
            violations: 0,
            outcome: Outcome::Skipped,
            detail: reason,
            again: String::new(),
        }
    }
}
