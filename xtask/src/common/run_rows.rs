//! Runs registered rows, each in a child process, several at a time.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, ensure};
use ledger::{Row, Verdict};

use crate::common::live_rows::Live;
use crate::common::row_times::Times;

/// Begins a line on a model binary's stderr that tells how many executions there were.
const PROGRESS: &str = "executions so far: ";

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
    run_and_keep(jobs, workers, |_| Ok(())).expect("nothing is kept, so nothing goes wrong")
}

/// As [`run`], and hands each row to `keep` as soon as it is there.
///
/// # Errors
/// Those of `keep`; then no further job is begun.
pub(crate) fn run_and_keep(
    jobs: &[Job<'_>],
    workers: usize,
    keep: impl Fn(&Row) -> Result<()> + Sync,
) -> Result<Vec<Row>> {
    let live = Live::new(jobs.iter().map(|job| job.row.key()), workers, &Times::read());
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Ok(Vec::with_capacity(jobs.len())));
    let work = || {
        // Relaxed: the number alone is shared.
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let key = job.row.key();
            live.begin(&key);
            let row = run_reporting(job, |executions| live.executions(&key, executions));
            live.finish(&row);
            let kept = keep(&row);
            let mut rows = rows.lock().expect("no worker panics");
            match (&mut *rows, kept) {
                (Ok(rows), Ok(())) => rows.push(row),
                (Ok(_), Err(error)) => *rows = Err(error),
                (Err(_), _) => {}
            }
            if rows.is_err() {
                return;
            }
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
    run_reporting(job, |_| ())
}

/// Runs one job and tells meanwhile how many executions there were.
fn run_reporting(job: &Job<'_>, executions: impl FnMut(u64) + Send) -> Row {
    let mut child = Command::new(job.executable);
    child.args(["--row", &job.row.key(), "--progress", "--leashed"]);
    if let Some(limit) = job.limit_s {
        child.args(["--limit", &limit.to_string()]);
    }
    child.envs(job.setting.clone());
    read(&job.row, output(child, executions)).unwrap_or_else(|error| Row {
        verdict: Verdict::Broken,
        detail: format!("{error:#}"),
        ..job.row.clone()
    })
}

/// What `child` wrote, and its lines of progress while it writes them.
fn output(mut child: Command, mut executions: impl FnMut(u64) + Send) -> std::io::Result<Output> {
    let mut child =
        child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
    let other_lines = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut others = String::new();
            for line in lines.map_while(Result::ok) {
                match line.strip_prefix(PROGRESS).and_then(|count| count.parse().ok()) {
                    Some(count) => executions(count),
                    None => others = others + &line + "\n",
                }
            }
            others
        });
        let output = child.wait_with_output();
        output.map(|output| (output, reader.join().expect("the reader does not panic")))
    });
    let (output, others) = other_lines?;
    Ok(Output { stderr: others.into_bytes(), ..output })
}

/// The row that a model binary reported, if it is the one asked for.
fn read(asked: &Row, output: std::io::Result<Output>) -> Result<Row> {
    let output = output.context("cannot start the model binary")?;
    let row: Row = serde_json::from_slice(&output.stdout).with_context(|| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        format!("no row came back ({}): {}", output.status, stderr.trim())
    })?;
    ensure!(row.key() == asked.key(), "another row came back: {}", row.key());
    ensure!(row.is_broken() != output.status.success(), "the row and the exit code disagree");
    ensure!(
        !row.is_stopped() || asked.tier >= ledger::DEEP_TIER,
        "a row that is not deep was stopped and called it no fault"
    );
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

    #[test]
    fn stopped_is_a_word_of_deep_rows() {
        let stopped = |tier| Row { verdict: Verdict::Stopped, tier, ..row("a") };
        assert!(read(&stopped(3), output(&stopped(3), 0)).unwrap().is_stopped());
        assert!(read(&stopped(3), output(&stopped(3), 1)).is_err());
        assert!(read(&stopped(2), output(&stopped(2), 0)).is_err());
    }

    #[test]
    fn progress_is_told_and_the_rest_is_kept() {
        let mut child = Command::new("sh");
        child.args(["-c", "echo 'executions so far: 5' >&2; echo noise >&2; echo row"]);
        let mut told = Vec::new();
        let output = super::output(child, |count| told.push(count)).unwrap();
        assert_eq!(
            (told, &output.stdout[..], &output.stderr[..]),
            (vec![5], &b"row\n"[..], &b"noise\n"[..])
        );
    }
}
