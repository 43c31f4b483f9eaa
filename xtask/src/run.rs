//! Runs registered rows, each in a child process, several at a time.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, ensure};
use ledger::{Row, Verdict};

use crate::progress::Progress;

/// A registered row and the binary that runs it.
#[derive(Clone)]
pub(crate) struct Job<'a> {
    /// As registered, not run.
    pub(crate) row: Row,
    /// A model binary.
    pub(crate) executable: &'a Path,
    /// Stop it after so many seconds; without it, the binary's own limit.
    pub(crate) limit_s: Option<u64>,
    /// A variable for its environment.
    pub(crate) setting: Option<Setting>,
}

/// Name and value of a variable.
pub(crate) type Setting = (&'static str, String);

impl<'a> Job<'a> {
    /// `row` as it is.
    pub(crate) fn new(row: Row, executable: &'a Path) -> Self {
        Self { row, executable, limit_s: None, setting: None }
    }
}

/// What a model binary has registered.
///
/// # Errors
/// Where it refuses to list, or lists nothing.
pub(crate) fn list(executable: &Path) -> Result<Vec<Row>> {
    let output = Command::new(executable).arg("--list").output()?;
    ensure!(
        output.status.success(),
        "{} lists nothing: {}",
        executable.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let text = String::from_utf8(output.stdout)?;
    let rows: Vec<Row> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("a bad row")?;
    ensure!(!rows.is_empty(), "{} has no check", executable.display());
    Ok(rows)
}

/// Runs all `jobs`, `workers` at a time. Every job gives one row, a broken one if need be.
pub(crate) fn run(jobs: &[Job<'_>], workers: usize) -> Vec<Row> {
    let progress = Progress::new(jobs.len());
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::with_capacity(jobs.len()));
    let work = || {
        // Relaxed: the number alone is shared.
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let row = run_one(job);
            let word = if row.is_ok() { "ok" } else { "BROKEN" };
            progress.step(&format!(
                "{word} {} ({} executions, {:.1} s)",
                row.key(),
                row.executions,
                row.seconds
            ));
            rows.lock().expect("no worker panics").push(row);
        }
    };
    thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(work);
        }
    });
    rows.into_inner().expect("no worker panics")
}

/// Runs one job.
pub(crate) fn run_one(job: &Job<'_>) -> Row {
    let mut child = Command::new(job.executable);
    child.args(["--row", &job.row.key()]);
    if let Some(limit) = job.limit_s {
        child.args(["--limit", &limit.to_string()]);
    }
    child.envs(job.setting.clone());
    read(&job.row, child.output()).unwrap_or_else(|error| Row {
        verdict: Verdict::Broken,
        detail: format!("{error:#}"),
        ..job.row.clone()
    })
}

/// The row that a model binary reported, if it is the one asked for.
fn read(asked: &Row, output: std::io::Result<Output>) -> Result<Row> {
    let output = output.context("cannot start the model binary")?;
    let row: Row = serde_json::from_slice(&output.stdout).with_context(|| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        format!("no row came back ({}): {}", output.status, stderr.trim())
    })?;
    ensure!(row.key() == asked.key(), "another row came back: {}", row.key());
    ensure!(row.is_ok() == output.status.success(), "the row and the exit code disagree");
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use ledger::{Checker, Expect, Limit};

    use super::*;

    fn row(scenario: &str) -> Row {
        Row::not_run("s", scenario, Checker::Loom, 0, Limit::Unbounded, Expect::Pass)
    }

    fn output(row: &Row, code: i32) -> std::io::Result<Output> {
        let stdout = serde_json::to_vec(row).unwrap();
        Ok(Output { status: ExitStatus::from_raw(code << 8), stdout, stderr: vec![] })
    }

    #[test]
    fn only_the_row_asked_for_counts() {
        let ok = Row { verdict: Verdict::Ok, ..row("a") };
        assert!(read(&row("a"), output(&ok, 0)).unwrap().is_ok());
        assert!(read(&row("b"), output(&ok, 0)).is_err());
        assert!(read(&row("a"), output(&ok, 1)).is_err());
        assert!(read(&row("a"), output(&row("a"), 0)).is_err());
        let nothing = Output { status: ExitStatus::from_raw(6), stdout: vec![], stderr: vec![] };
        assert!(read(&row("a"), Ok(nothing)).is_err());
    }
}
