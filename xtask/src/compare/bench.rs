//! Times, by the bench binary.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::data::measures;
use super::facts;

/// What it found.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) cores: usize,
    pub(super) rows: Vec<Row>,
}

/// One subject in one workload.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    workload: String,
    pub(super) subject: String,
    batch: Option<u32>,
    pub(super) median_ns: f64,
    pub(super) lower_quartile_ns: f64,
    pub(super) upper_quartile_ns: f64,
    rounds: usize,
    disturbed_rounds: usize,
}

const HIT: &str = "hit/1/64";
const CROSSING: &str = "producer-consumer/1P1C/64/untouched";
const BUCKET: &str = "shared-bucket/2/64";

/// The batch of a pool whose builder is not told.
const DEFAULT_BATCH: u32 = 64;

impl Row {
    fn is_disturbed(&self) -> bool {
        2 * self.disturbed_rounds > self.rounds
    }

    /// The measures that it stands for. What is no pool has no batch: it stands for all of them.
    pub(super) fn measures(&self) -> Vec<&'static str> {
        let is = |batch| self.batch.is_none_or(|own| own == batch);
        match &*self.workload {
            HIT if is(DEFAULT_BATCH) => vec![measures::HIT],
            CROSSING => {
                let both = [(DEFAULT_BATCH, measures::CROSSING_64), (256, measures::CROSSING_256)];
                both.into_iter().filter(|(batch, _)| is(*batch)).map(|(_, name)| name).collect()
            }
            BUCKET if is(DEFAULT_BATCH) => vec![measures::BUCKET],
            _ => vec![],
        }
    }
}

impl Report {
    /// Rows that other work disturbed in most rounds.
    pub(super) fn disturbed(&self) -> usize {
        self.rows.iter().filter(|row| row.is_disturbed()).count()
    }

    /// Whether one of those is a strategy's, so that the recommendation rests on it.
    pub(super) fn is_busy(&self) -> bool {
        let counts = |row: &&Row| facts::of(&row.subject).is_some() && !row.measures().is_empty();
        self.rows.iter().filter(counts).any(Row::is_disturbed)
    }
}

/// Runs the workloads that the measures are of.
///
/// # Errors
/// Where the binary fails.
pub(super) fn run(
    executable: &Path,
    with_mallocs: bool,
    rounds: usize,
    turn_ms: usize,
) -> Result<Report> {
    let mut command = Command::new(executable);
    let suite = if with_mallocs { "strategies-mallocs" } else { "strategies" };
    command.args(["--suite", suite, "--workload", &[HIT, CROSSING, BUCKET].join(",")]);
    command.args([
        "--format",
        "json",
        "--rounds",
        &rounds.to_string(),
        "--turn-ms",
        &turn_ms.to_string(),
    ]);
    // Its progress is ours.
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "bench failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}
