//! The members that threads share: their times, by the program `linear`, and whether they keep their
//! contract on real threads, by `stress -- bump`.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::figures::{Bar, Figure, Found, Measure};
use crate::common::workspace;

/// What `linear` writes.
#[derive(Deserialize)]
struct Report {
    rows: Vec<Row>,
    bars: Vec<Judged>,
}

#[derive(Deserialize)]
struct Row {
    workload: String,
    threads: usize,
    subject: String,
    median_ns: f64,
}

#[derive(Deserialize)]
struct Judged {
    workload: String,
    member: String,
    peer: String,
    ratio: f64,
    most: f64,
}

/// Times them.
///
/// # Errors
/// Where the program fails.
pub(super) fn times(found: &mut Found) -> Result<()> {
    let json = workspace::output()?.join("linear.json");
    let mut cargo = workspace::cargo()?;
    cargo.args(["run", "--quiet", "--release", "--package", "benches", "--bin", "linear"]);
    // Without general allocators in C and C++, which take minutes to build.
    cargo.args(["--no-default-features", "--features", "linear", "--", "--json"]).arg(&json);
    // Its progress is ours; its tables are a part of ours.
    let status = cargo.stdout(Stdio::null()).status().context("cannot start cargo")?;
    ensure!(status.success(), "linear failed");
    take(&serde_json::from_str(&fs::read_to_string(&json)?)?, found);
    found.ran.push("threads: linear, medians of interleaved rounds".into());
    Ok(())
}

const fn measure(threads: usize) -> Measure {
    if threads == 1 { Measure::Time } else { Measure::Threads }
}

fn take(report: &Report, found: &mut Found) {
    for Row { workload, threads, subject, median_ns } in &report.rows {
        found.figures.push(Figure::new(measure(*threads), workload, subject, *median_ns));
    }
    for Judged { workload, member, peer, ratio, most } in &report.bars {
        let threads = report.rows.iter().find(|row| row.workload == *workload);
        found.bars.push(Bar {
            measure: measure(threads.map_or(1, |row| row.threads)),
            workload: workload.clone(),
            member: member.clone(),
            peer: Some(peer.clone()),
            ratio: *ratio,
            most: *most,
            fails_above: None,
        });
    }
}

/// Runs them on real threads, and looks at every byte.
///
/// # Errors
/// Where cargo cannot be started.
pub(super) fn stress(found: &mut Found) -> Result<()> {
    let mut cargo = workspace::cargo()?;
    cargo.args(["run", "--quiet", "--release", "--package", "stress", "--no-default-features"]);
    cargo.args(["--", "bump", "--threads", "2,4", "--total", "6s"]);
    let output = cargo.output().context("cannot start cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word");
    if output.status.success() {
        found.ran.push(format!("real threads: stress -- bump: {last}"));
    } else {
        found.faults.push(format!("stress -- bump: {last}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::made::Made;

    #[test]
    fn one_thread_is_time_and_two_are_threads() {
        let text = r#"{"rows": [
            {"workload": "a", "threads": 1, "subject": "Linear", "median_ns": 1.0},
            {"workload": "b", "threads": 2, "subject": "peer", "median_ns": 3.0}],
            "bars": [{"workload": "b", "member": "AsyncLinear", "peer": "peer", "ratio": 2.0,
             "most": 0.5}]}"#;
        let mut found = Found::new(Made::default());
        take(&serde_json::from_str(text).unwrap(), &mut found);
        assert_eq!(found.value(Measure::Time, "a", "Linear"), Some(1.0));
        assert_eq!(found.best_peer(Measure::Threads, "b").unwrap().subject, "peer");
        assert_eq!(found.bars[0].measure, Measure::Threads);
        assert!(found.failures().is_empty(), "a time depends on what else runs");
    }
}
