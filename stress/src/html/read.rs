//! Reads results of this and of earlier versions. Only what the page shows is read, and fields that
//! came later may be missing.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::environment::Environment;
use crate::latency::quantiles::Quantile;
use crate::memory::Sample;
use crate::report::{ClassRow, FORMAT, ViolationRow};

/// What one file says.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) about: About,
    pub(super) results: Results,
    pub(super) violations: Vec<ViolationRow>,
    /// The run that hung, told like a violation.
    pub(super) hang: Option<ViolationRow>,
}

/// The head of any file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    pub(super) command_line: Option<String>,
    pub(super) interrupted: bool,
    pub(super) environment: Option<Environment>,
    pub(super) seed: Option<u64>,
    pub(super) cycles_per_ns: Option<f64>,
}

/// What the commands found.
#[derive(Debug)]
pub(super) enum Results {
    Run(Vec<Run>),
    Latency(Vec<Latency>),
    Replay(Vec<Run>, Vec<ClassRow>),
}

/// One run, or one subject of a replay.
#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) strategy: String,
    pub(super) scenario: String,
    pub(super) threads: u32,
    pub(super) checking: Option<String>,
    pub(super) ops: u64,
    pub(super) seconds: f64,
    pub(super) ns_per_op: f64,
    pub(super) checked_while_timed: bool,
    pub(super) carved_blocks: Option<u64>,
    pub(super) peak_live_blocks: Option<u64>,
    pub(super) bound_blocks: Option<u64>,
    pub(super) overflows: Option<u64>,
    pub(super) cas_failures: Option<u64>,
    pub(super) stall: Option<String>,
    #[serde(default)]
    pub(super) memory: Vec<Sample>,
    #[serde(default)]
    pub(super) again: String,
    pub(super) violations: usize,
    pub(super) verdict: String,
}

/// One run of `latency`.
#[derive(Debug, Deserialize)]
pub(super) struct Latency {
    pub(super) strategy: String,
    pub(super) checking: String,
    pub(super) threads: u32,
    pub(super) kinds: Vec<Kind>,
    #[serde(default)]
    pub(super) again: String,
    pub(super) violations: usize,
    pub(super) verdict: String,
}

/// The calls of one kind.
#[derive(Debug, Deserialize)]
pub(super) struct Kind {
    pub(super) kind: String,
    pub(super) count: u64,
    pub(super) ns: Spread,
    #[serde(default)]
    pub(super) curve: Vec<Quantile>,
}

/// How they are spread, in nanoseconds.
#[derive(Debug, Deserialize)]
pub(super) struct Spread {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

impl Input {
    /// The subcommand that it is from.
    pub(super) fn command(&self) -> &'static str {
        match self.results {
            Results::Run(_) => "run",
            Results::Latency(_) => "latency",
            Results::Replay(..) => "replay",
        }
    }

    /// The command line, below every chart.
    pub(super) fn source(&self) -> String {
        self.about.command_line.clone().unwrap_or_else(|| {
            format!("stress {}: an older file without its command line", self.command())
        })
    }
}

impl Run {
    /// The strategy, and how it was built where that is not the usual way.
    pub(super) fn subject(&self) -> String {
        match self.checking.as_deref() {
            None | Some("off") => self.strategy.clone(),
            Some(checking) => format!("{}, {checking}", self.strategy),
        }
    }
}

/// Reads all files; of a folder those that the commands write.
///
/// # Errors
/// One line that says which file it is and why it cannot be used.
pub(super) fn all(paths: &[PathBuf]) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = inputs.len();
            for name in ["run.json", "latency.json", "replay.json"] {
                let path = path.join(name);
                // A command that is killed leaves the file empty that it had reserved.
                if path.metadata().is_ok_and(|file| file.len() > 0) {
                    inputs.push(file(&path)?);
                }
            }
            if inputs.len() == before {
                return Err(format!("{}: no results in this folder", path.display()));
            }
        } else {
            inputs.push(file(path)?);
        }
    }
    Ok(inputs)
}

fn file(path: &Path) -> Result<Input, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    text.and_then(|text| parse(path, &text)).map_err(|why| format!("{}: {why}", path.display()))
}

/// What the text of a file says.
///
/// # Errors
/// In a line: why it is none of ours.
pub(super) fn parse(path: &Path, text: &str) -> Result<Input, String> {
    let mut json: Value =
        serde_json::from_str(text).map_err(|error| format!("no JSON, {error}"))?;
    let format = json["format"].as_u64().ok_or("no results of stress: it has no format")?;
    if format > u64::from(FORMAT) {
        return Err(format!("format {format} is newer than this stress, which knows {FORMAT}"));
    }
    let mut take = |name: &str| json[name].take();
    let (command, results) = (take("command"), take("results"));
    let (classes, violations, hang) = (take("classes"), take("violations"), take("hang"));
    let results = match command.as_str() {
        Some("run") => Results::Run(as_if(results)?),
        Some("latency") => Results::Latency(as_if(results)?),
        Some("replay") => Results::Replay(as_if(results)?, as_if(classes)?),
        _ => return Err("no results of stress run, latency or replay".to_owned()),
    };
    let (about, violations, hang) = (as_if(json)?, as_if(violations)?, as_if(hang)?);
    Ok(Input { path: path.to_owned(), about, results, violations, hang })
}

fn as_if<T: for<'a> Deserialize<'a>>(json: Value) -> Result<T, String> {
    serde_json::from_value(json).map_err(|error| format!("no results of stress: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_none_of_ours_are_refused_in_a_line() {
        for (text, why) in [
            ("", "no JSON"),
            ("[]", "no format"),
            (r#"{"name": "x"}"#, "no format"),
            (r#"{"format": 99, "command": "run"}"#, "newer"),
            (r#"{"format": 1, "command": "compare"}"#, "no results of stress run"),
            (r#"{"format": 1, "command": "run", "results": [{}]}"#, "missing field"),
            (r#"{"format": 1, "command": "run"}"#, "no results of stress"),
        ] {
            let error = parse(Path::new("x"), text).expect_err(text);
            assert!(error.contains(why) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_from_before_the_report_is_read() {
        let old = r#"{"format": 1, "command": "run", "seed": 7, "results": [{
            "strategy": "Locked", "mechanism": "Locked", "lock_free": false, "tag_bits": 0,
            "scenario": "churn", "threads": 2, "block_bytes": 64, "batch_blocks": 64, "ops": 10,
            "seconds": 0.5, "ns_per_op": 5e7, "checked_while_timed": true, "carved_blocks": 64,
            "peak_live_blocks": 3, "bound_blocks": 451, "stall": null, "overflows": 0,
            "violations": 0, "verdict": "ok"}], "classes": [], "violations": []}"#;
        let input = parse(Path::new("x"), old).expect("format 1");
        assert!(input.source().contains("older file"));
        assert_eq!(input.about.seed, Some(7));
        let Results::Run(runs) = input.results else { panic!("a run") };
        assert_eq!((runs[0].cas_failures, runs[0].memory.len()), (None, 0));
    }
}
