//! What a run found of one subject in one workload.

use serde::{Deserialize, Serialize};

use crate::batch::{self, Batch};
use crate::rounds::Contender;
use crate::statistics::Summary;
use crate::title::Role;
use crate::workload::Workload;

/// One subject in one workload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The workload's name: kind, threads, bytes of a block.
    pub workload: String,
    /// Its threads.
    pub threads: usize,
    /// What the figures count.
    pub unit: String,
    /// A strategy, or one of [`names`](crate::title::names), or what a peer is called.
    pub subject: String,
    /// What it is.
    pub role: Role,
    /// The pool's batch, for pools.
    #[serde(flatten)]
    pub batch: Option<Batch>,
    /// The figures.
    #[serde(flatten)]
    pub summary: Summary,
    /// Rounds that the figures are from.
    pub rounds: usize,
    /// What each round took, in nanoseconds per operation. Round n of one subject is compared with
    /// round n of another one of the same workload: they ran one after the other.
    #[serde(default)]
    pub rounds_ns: Vec<f64>,
    /// How many of them count though other work was in the way.
    pub disturbed_rounds: usize,
}

impl Row {
    /// What a contender did.
    pub fn new(workload: Workload, contender: &Contender, rounds: usize) -> Self {
        Self {
            workload: workload.to_string(),
            threads: workload.threads(),
            unit: workload.kind.unit().into(),
            subject: contender.title.name.into(),
            role: contender.role,
            batch: contender.title.batch,
            summary: contender.summary(),
            rounds,
            rounds_ns: contender.rounds().to_vec(),
            disturbed_rounds: contender.disturbed(),
        }
    }

    /// Name and batch.
    pub fn title(&self) -> String {
        batch::title(&self.subject, self.batch)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A row for tests.
    pub(crate) fn row(
        workload: &str,
        subject: &str,
        role: Role,
        batch: Option<Batch>,
        ns: f64,
    ) -> Row {
        Row {
            workload: workload.into(),
            threads: 1,
            unit: "ns".into(),
            subject: subject.into(),
            role,
            batch,
            summary: Summary::of(&[ns]),
            rounds: 1,
            rounds_ns: vec![ns],
            disturbed_rounds: 0,
        }
    }
}
