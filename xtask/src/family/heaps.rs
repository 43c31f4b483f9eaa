//! Heap, instructions and time of the replay of heap traces: the program `fragment`.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::figures::{Bar, Figure, Found, Measure};
use crate::common::workspace;

/// What is replayed.
const TRACES: [&str; 2] =
    ["stress/traces/sqlite.stpt.zst", "stress/traces/python-pipeline.stpt.zst"];

/// Members whose bar of heap is missed, and the ratio that they take today, rounded up: only a larger one
/// fails the command. `papers/fragmentation.md` has the reason.
const MISSED_AT: [(&str, f64); 1] = [("Buddy", 1.03)];

/// What of `fragment.json` is used here.
#[derive(Deserialize)]
struct Report {
    counted_by: Option<String>,
    rows: Vec<Row>,
    bars: Vec<Judged>,
}

#[derive(Deserialize)]
struct Row {
    subject: String,
    trace: String,
    heap: Option<f64>,
    ns_per_event: Option<f64>,
    instructions_per_event: Option<f64>,
    violation: Option<String>,
}

#[derive(Deserialize)]
struct Judged {
    member: String,
    trace: String,
    figure: String,
    peer: Option<String>,
    ratio: f64,
    most: f64,
}

/// Replays the traces.
///
/// # Errors
/// Where the program does not write its report.
pub(super) fn run(found: &mut Found) -> Result<()> {
    let out = workspace::output()?.join("fragment");
    let json = out.join("fragment.json");
    // An old report must not pass for a new one.
    _ = fs::remove_file(&json);
    let mut cargo = workspace::cargo()?;
    cargo.args(["run", "--quiet", "--release", "--package", "fragment", "--"]);
    // Its progress is ours; its table is a part of ours.
    cargo.args(TRACES).arg("--out").arg(&out).stdout(Stdio::null());
    // It fails if a bar is missed, which is for us to judge.
    cargo.status().context("cannot start cargo")?;
    let text = fs::read_to_string(&json).context("fragment has written no report")?;
    take(&serde_json::from_str(&text)?, found);
    found.ran.push(format!("heaps: {}", json.with_extension("html").display()));
    ensure!(!found.workloads(Measure::Heap).is_empty(), "fragment has measured no heap");
    Ok(())
}

fn take(report: &Report, found: &mut Found) {
    if report.counted_by.is_none() {
        found.left.push("instructions of replays: neither a counter nor valgrind is there".into());
    }
    for row in &report.rows {
        let workload = event(&row.trace);
        for (measure, value) in [
            (Measure::Heap, row.heap),
            (Measure::Instructions, row.instructions_per_event),
            (Measure::Time, row.ns_per_event),
        ] {
            found
                .figures
                .extend(value.map(|value| Figure::new(measure, &workload, &row.subject, value)));
        }
        if let Some(violation) = &row.violation {
            found.faults.push(format!("{}, {}: {violation}", row.subject, row.trace));
        }
    }
    for bar in &report.bars {
        let measure = match &*bar.figure {
            "heap" => Measure::Heap,
            "instructions" => Measure::Instructions,
            _ => Measure::Time,
        };
        found.bars.push(Bar {
            measure,
            workload: event(&bar.trace),
            member: bar.member.clone(),
            peer: bar.peer.clone(),
            ratio: bar.ratio,
            most: bar.most,
            // The heap is the same in each run.
            fails_above: (measure == Measure::Heap).then(|| limit(bar)),
        });
    }
}

fn limit(bar: &Judged) -> f64 {
    let known = MISSED_AT.iter().find(|(member, _)| *member == bar.member);
    known.map_or(bar.most, |(_, today)| today.max(bar.most))
}

fn event(trace: &str) -> String {
    format!("an event of {trace}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::made::Made;

    #[test]
    fn a_row_has_a_figure_for_each_measure_and_a_bar_its_own() {
        let text = r#"{"counted_by": null, "rows": [
            {"subject": "BestFit", "trace": "t", "heap": 1.5, "ns_per_event": 20.0,
             "instructions_per_event": null, "violation": "lost a byte"}],
            "bars": [{"kept": false, "words": "", "member": "BestFit", "trace": "t",
             "figure": "heap", "peer": null, "ratio": 1.5, "most": 1.1}]}"#;
        let mut found = Found::new(Made::default());
        take(&serde_json::from_str(text).unwrap(), &mut found);
        assert_eq!(found.value(Measure::Heap, "an event of t", "BestFit"), Some(1.5));
        assert_eq!(found.value(Measure::Time, "an event of t", "BestFit"), Some(20.0));
        assert_eq!(found.figures.len(), 2);
        assert_eq!(found.failures().len(), 2, "a bar that is missed, and a fault");
        assert_eq!(found.left.len(), 1);
    }
}
