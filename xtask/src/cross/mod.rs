//! `cargo xtask cross`: the library's tests and a short stress run for other processors, in an
//! emulator.
//!
//! qemu runs real threads, but on this machine's memory: it shows what the compiler made of the
//! code, arithmetic on 32 bits, and what a processor without a 128-bit compare-exchange falls back
//! to (`tests/processors.rs`). It is no evidence about weaker orderings than this machine's.

mod machine;

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{MetadataCommand, Target};
use comfy_table::Table;
use serde::Serialize;

use crate::common::{nightly, terminal, workspace};
use machine::{MACHINES, Machine, Std};

/// The report, in the output folder.
pub(crate) const REPORT: &str = "cross.json";

/// The program of tests that does not run in an emulator, which has its own answers to the system
/// calls that map memory.
const OS: &str = "os";

/// The tests that do not run in an emulator: they run the compiler.
const LEFT_OUT: &str = "what_must_not_compile_does_not";

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only targets whose names contain this.
    #[arg(long)]
    target: Option<String>,
    /// Seconds of stress on each.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// The result of one run.
#[derive(Debug, Serialize)]
struct Row {
    target: &'static str,
    /// `tests` or `stress`.
    what: &'static str,
    /// Where the standard library came from.
    std: &'static str,
    /// Tests that passed.
    passed: u64,
    seconds: f64,
    /// `fine`, `bad` or `skipped`.
    outcome: &'static str,
    detail: String,
    again: String,
}

/// Runs the command.
///
/// # Errors
/// Where a test or a stress run fails on some processor.
pub(crate) fn run(options: &Options) -> Result<()> {
    let has = |machine: &&Machine| {
        options.target.as_ref().is_none_or(|part| machine.target.contains(part))
    };
    let machines: Vec<&Machine> = MACHINES.iter().filter(has).collect();
    let known: Vec<&str> = MACHINES.iter().map(|machine| machine.target).collect();
    ensure!(!machines.is_empty(), "there is no such target; there are {}", known.join(", "));
    let (mut rows, mut strategies) = (Vec::new(), Vec::new());
    for machine in machines {
        match machine.std() {
            Ok(std) => {
                let total = format!("{}s", options.seconds);
                rows.push(call(machine, std, "tests", &tests()?, &mut strategies)?);
                rows.push(call(machine, std, "stress", &stress(&total), &mut strategies)?);
            }
            Err((name, reason)) => {
                skips::skip(name, &reason);
                let (target, std, passed, seconds) = (machine.target, "", 0, 0.0);
                let (what, outcome, again) = ("", "skipped", String::new());
                rows.push(Row {
                    target,
                    what,
                    std,
                    passed,
                    seconds,
                    outcome,
                    detail: reason,
                    again,
                });
            }
        }
    }
    fs::write(workspace::output()?.join(REPORT), serde_json::to_string_pretty(&rows)? + "\n")?;
    strategies.iter().for_each(|line| println!("{line}"));
    println!("{}", table(&rows));
    for row in rows.iter().filter(|row| row.outcome == "bad") {
        println!("\nbad: {} {}: {}\n  again: {}", row.target, row.what, row.detail, row.again);
    }
    let bad = rows.iter().filter(|row| row.outcome == "bad").count();
    ensure!(bad == 0, "{bad} of {} runs are bad", rows.len());
    Ok(())
}

/// Words of Cargo for the tests.
fn tests() -> Result<Vec<String>> {
    let programs = programs()?;
    let mut features: Vec<&str> = programs
        .iter()
        .flat_map(|program| &program.required_features)
        .map(String::as_str)
        .collect();
    features.sort_unstable();
    features.dedup();
    let features = features.join(",");
    let words =
        ["test", "--package", "stampool", "--features", &features, "--no-fail-fast", "--lib"];
    let mut words: Vec<String> = words.map(String::from).into();
    for program in programs {
        words.extend(["--test".into(), program.name]);
    }
    Ok(words)
}

/// The library's programs of integration tests, without [`OS`].
fn programs() -> Result<Vec<Target>> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root()?.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata")?;
    let library = metadata.packages.into_iter().find(|package| package.name.as_str() == "stampool");
    let targets = library.context("there is no package stampool")?.targets;
    Ok(targets.into_iter().filter(|target| target.is_test() && target.name != OS).collect())
}

/// Words of Cargo for a short stress run.
fn stress(total: &str) -> Vec<String> {
    let words = ["run", "--quiet", "--release", "--package", "stress", "--no-default-features"];
    let mut words: Vec<String> = words.map(String::from).into();
    words.extend(["--", "run", "--threads", "2", "--total", total].map(String::from));
    words
}

/// Runs Cargo for a machine, and reads its output.
fn call(
    machine: &Machine,
    std: Std,
    what: &'static str,
    words: &[String],
    strategies: &mut Vec<String>,
) -> Result<Row> {
    eprintln!("cross: {what} for {}", machine.target);
    let (command, rest) = words.split_first().context("no command")?;
    let mut all: Vec<&str> = vec![command];
    all.extend(std.words());
    all.extend(["--target", machine.target, "--target-dir", "target/cross"]);
    all.extend(rest.iter().map(String::as_str));
    if what == "tests" {
        all.extend(["--", "--nocapture", "--skip", LEFT_OUT]);
    }
    // Few cases, for an emulator is slow.
    let mut settings = machine.settings().to_vec();
    settings.push(("PROPTEST_CASES".into(), "16".into()));
    let mut cargo = nightly::cargo()?;
    cargo.args(&all).envs(settings.iter().cloned());
    let start = Instant::now();
    let name = format!("cross-{}-{what}.log", machine.target);
    let (mut passed, mut error, mut last) = (0, None, String::new());
    let status = nightly::run(cargo, &workspace::output()?.join(&name), |line| {
        passed += nightly::passed(&line).unwrap_or(0);
        if let Some((_, note)) = line.split_once("strategy: ") {
            strategies.push(format!("{}: {note}", machine.target));
        }
        if error.is_none() && (line.contains("panicked at") || line.starts_with("error")) {
            error = Some(line.clone());
        }
        if !line.trim().is_empty() {
            last = line;
        }
    })?;
    let is_fine = status.success() && (what != "tests" || passed > 0);
    let quoted = settings.iter().map(|(name, value)| format!("{name}='{value}' "));
    let again = format!("{}cargo +nightly {}", quoted.collect::<String>(), all.join(" "));
    Ok(Row {
        target: machine.target,
        what,
        std: std.name(),
        passed,
        seconds: start.elapsed().as_secs_f64(),
        outcome: if is_fine { "fine" } else { "bad" },
        detail: match error {
            Some(error) if !is_fine => format!("{error}; all of it: target/stampool/{name}"),
            _ => last,
        },
        again,
    })
}

fn table(rows: &[Row]) -> Table {
    let mut table = terminal::table(["target", "what", "std", "passed", "s", "", "last words"], []);
    for row in rows {
        table.add_row([
            row.target.to_owned(),
            row.what.to_owned(),
            row.std.to_owned(),
            row.passed.to_string(),
            format!("{:.0}", row.seconds),
            row.outcome.to_owned(),
            if row.outcome == "fine" { row.detail.clone() } else { String::new() },
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emulator_runs_programs_in_files_and_in_folders_with_their_features() {
        let words = tests().expect("words");
        for program in ["adapt", "alloc", "pool", "processors"] {
            assert!(words.windows(2).any(|two| two == ["--test", program]), "{program}");
        }
        let features = &words[words.iter().position(|word| word == "--features").unwrap() + 1];
        assert!(features.contains("allocator-api2-02") && features.contains("family"));
    }
}
