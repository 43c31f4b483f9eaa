//! `cargo xtask fuzz-pool`: bytes to programs of pool operations, by libFuzzer, under
//! AddressSanitizer.
//!
//! The target is `fuzz/`, the programs and their reference are `support/pool-ops/`, whose corpus is
//! where the fuzzer begins. What it finds on the way stays in `target/stampool/fuzz-pool`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::common::workspace;

/// The report, in the output folder.
pub(crate) const REPORT: &str = "fuzz-pool.json";

/// How long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds of fuzzing, building not counted.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Seed of the fuzzer; with it, and one corpus, a run repeats.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// What came of it.
#[derive(Serialize)]
struct Done {
    /// `fine`, `bad` or `skipped`, as of a sanitizer.
    outcome: &'static str,
    detail: String,
    seconds: u64,
    executions: u64,
    /// Programs in the corpus afterwards.
    corpus: usize,
}

/// Runs the command.
///
/// # Errors
/// Where a program breaks a promise, or nothing was executed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let done = match missing() {
        Some((name, reason)) => {
            skips::skip(name, reason);
            let detail = reason.to_string();
            Done { outcome: "skipped", detail, seconds: 0, executions: 0, corpus: 0 }
        }
        None => fuzz(options)?,
    };
    fs::write(workspace::output()?.join(REPORT), serde_json::to_string_pretty(&[&done])? + "\n")?;
    if done.outcome != "skipped" {
        println!(
            "{}: {} programs in {} s, {} in the corpus",
            done.outcome, done.executions, done.seconds, done.corpus
        );
    }
    ensure!(done.outcome != "bad", "{}", done.detail);
    Ok(())
}

/// What is not here, and why there is no fuzzing, if there is none.
fn missing() -> Option<(&'static str, &'static str)> {
    let works = |words: &[&str]| {
        let output = Command::new("rustup").args(["run", "nightly"]).args(words).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !works(&["rustc", "--version"]) {
        return Some(("nightly", "rustup has no nightly toolchain"));
    }
    let there = works(&["cargo", "fuzz", "--version"]);
    (!there).then_some(("cargo-fuzz", "not installed: cargo install cargo-fuzz --locked"))
}

fn fuzz(options: &Options) -> Result<Done> {
    let (root, found) = (workspace::root()?, workspace::output()?.join("fuzz-pool"));
    let (corpus, artifacts) = (found.join("corpus"), found.join("artifacts"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let mut cargo = Command::new("rustup");
    cargo.current_dir(&root).args(["run", "nightly", "cargo", "fuzz", "run"]);
    cargo.args(["--fuzz-dir", "fuzz", "--target-dir", "target/fuzz-pool", "pool_ops"]);
    cargo.arg(&corpus).arg(root.join("support/pool-ops/corpus")).arg("--");
    cargo.arg(format!("-max_total_time={}", options.seconds));
    cargo.arg(format!("-seed={}", options.seed));
    // The slash at the end makes it a folder.
    cargo.arg(format!("-artifact_prefix={}/", artifacts.display()));
    cargo.args(["-print_final_stats=1", "-max_len=1024", "-timeout=20"]);
    let mut child = cargo.stderr(Stdio::piped()).spawn().context("cannot start cargo fuzz")?;
    let stderr = BufReader::new(child.stderr.take().context("cargo fuzz has no stderr")?);
    let (mut executions, mut again) = (0, None);
    let mut start = Instant::now();
    for line in stderr.split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        eprintln!("{line}");
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            executions = count.trim().parse()?;
        }
        if line.contains("INITED cov:") {
            // Built, and the corpus read.
            start = Instant::now();
        }
        if let Some((_, artifact)) = line.split_once("Test unit written to ") {
            again = Some(format!("cargo run -p pool-ops -- {}", artifact.trim()));
        }
    }
    let ok = child.wait()?.success();
    ensure!(!ok || executions > 0, "libFuzzer executed nothing");
    let detail = match again {
        Some(again) => format!("a program broke a promise, or the fuzzer did\n  again: {again}"),
        None if ok => String::new(),
        None => "cargo fuzz failed: see above".into(),
    };
    let outcome = if ok { "fine" } else { "bad" };
    let seconds = start.elapsed().as_secs();
    let corpus = fs::read_dir(corpus)?.count();
    Ok(Done { outcome, detail, seconds, executions, corpus })
}
