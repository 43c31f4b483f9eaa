//! Stress runs and replays, by the stress binary. Its fields are described in stress/README.md.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::common::workspace;

/// Exit codes with which it has a whole report: fine, and a violation.
const REPORTED: [i32; 2] = [0, 2];

/// What one call found.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) seed: Option<u64>,
    pub(super) results: Vec<Run>,
}

/// One scenario or one trace, for one subject.
#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) strategy: String,
    pub(super) mechanism: Option<String>,
    pub(super) lock_free: Option<bool>,
    pub(super) tag_bits: Option<u32>,
    pub(super) scenario: String,
    pub(super) ops: u64,
    pub(super) ns_per_op: f64,
    pub(super) carved_blocks: Option<u64>,
    pub(super) peak_live_blocks: Option<u64>,
    pub(super) peak_limbo_magazines: Option<u64>,
    pub(super) limbo_limit: Option<u64>,
    pub(super) overflows: Option<u64>,
    pub(super) violations: usize,
}

impl Run {
    /// The trace that was replayed.
    pub(super) fn trace(&self) -> Option<&str> {
        self.scenario.strip_prefix("replay:")
    }
}

/// The scenarios that a comparison is about: those that the project began with, one with two roles,
/// and one with threads that come and go. The others, whose figures are mostly the harness's own,
/// are for the stress steps of `cargo xtask ci`.
const SCENARIOS: &str = "one-block,own-random,shared-bucket,sawtooth,assorted,pipeline,churn";

/// [`SCENARIOS`] on two threads, `each` for so long.
///
/// # Errors
/// Where the binary fails, or reports nothing.
pub(super) fn scenarios(executable: &Path, each: Duration) -> Result<Report> {
    let each = format!("{}ms", each.as_millis());
    let words = ["run", "--scenario", SCENARIOS, "--threads", "2", "--duration", &each];
    call(executable, &words, Stdio::inherit())
}

/// One trace, timed in so many rounds and checked once.
///
/// # Errors
/// As [`scenarios`].
pub(super) fn replay(executable: &Path, trace: &Path, rounds: u16) -> Result<Report> {
    let trace = trace.to_str().context("the workspace's path is not UTF-8")?;
    call(executable, &["replay", trace, "--rounds", &rounds.to_string()], Stdio::inherit())
}

/// Any call, one of many: its progress is not shown.
///
/// # Errors
/// As [`scenarios`].
pub(super) fn quietly(executable: &Path, arguments: &[&str]) -> Result<Report> {
    call(executable, arguments, Stdio::null())
}

fn call(executable: &Path, arguments: &[&str], progress: Stdio) -> Result<Report> {
    let out = workspace::output()?.join("compare-stress");
    let subcommand = arguments.first().context("a call without a subcommand")?;
    let file = out.join(subcommand).with_extension("json");
    let mut command = Command::new(executable);
    command.args(arguments).arg("--out").arg(&out);
    // Its progress and its words about a violation go to our output.
    let output = command.stderr(progress).output()?;
    let code = output.status.code();
    ensure!(
        code.is_some_and(|code| REPORTED.contains(&code)),
        "stress {arguments:?} ended with {}",
        output.status
    );
    let report: Report = serde_json::from_str(&fs::read_to_string(file)?)?;
    ensure!(!report.results.is_empty(), "stress {arguments:?} ran nothing");
    if code != Some(0) {
        // With the command that does it again.
        eprintln!("{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(report)
}
