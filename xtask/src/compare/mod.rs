//! `cargo xtask compare`: which strategy, is it right, what does it cost?
//!
//! Builds everything first, then runs the quick model checks, stress, benches and replays, one
//! after the other, so that no time is taken while something else of ours runs. Ends with a
//! table, `target/stampool/compare.json` and one sentence.

mod bench;
mod checks;
mod data;
mod recommend;
mod stress;
mod table;

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::matrix::STRATEGIES;
use crate::{models, workspace};
use data::{Checks, Comparison, Memory, Strategy, Stress, measures};

/// How long, and where to.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A shorter run, of about 30 seconds: fewer scenarios and shorter turns.
    #[arg(long)]
    quick: bool,
    /// Where to write the JSON. Without it: target/stampool/compare.json.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How much of everything.
struct Amount {
    each_scenario: Duration,
    rounds: usize,
    turn_ms: usize,
    replay_rounds: u16,
}

const FULL: Amount =
    Amount { each_scenario: Duration::from_secs(2), rounds: 21, turn_ms: 2, replay_rounds: 15 };
const QUICK: Amount =
    Amount { each_scenario: Duration::from_millis(200), rounds: 9, turn_ms: 2, replay_rounds: 5 };

/// Runs the command.
///
/// # Errors
/// Where something cannot be built or run, or a strategy broke: the table and the JSON are there
/// all the same then.
pub(crate) fn run(options: &Options) -> Result<()> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => workspace::output()?.join("compare.json"),
    };
    let comparison = compare(options.quick)?;
    let json = serde_json::to_string_pretty(&comparison)? + "\n";
    fs::write(&out, json).with_context(|| format!("cannot write {}", out.display()))?;

    println!("{}", table::table(&comparison));
    for line in &comparison.ran {
        println!("{line}");
    }
    println!("{}", out.display());
    println!("\n{}", comparison.recommendation);
    let broken = |one: &&Strategy| !one.checks.broken.is_empty() || one.stress.violations > 0;
    let broken = comparison.strategies.iter().filter(broken).count();
    ensure!(broken == 0, "{broken} strategies are broken");
    Ok(())
}

fn compare(quick: bool) -> Result<Comparison> {
    let amount = if quick { QUICK } else { FULL };
    let start = Instant::now();
    step(1, "building in release");
    let stress = build("stress", "stress")?;
    let bench = build("benches", "bench")?;
    let models = checks::build()?;
    let built = start.elapsed();

    step(2, "model checks");
    let (checks, checks_ran) = checks::run(&models, quick)?;

    step(3, "stress");
    let runs = stress::scenarios(&stress, amount.each_scenario)?;
    let stress_ran = format!(
        "stress: 2 threads, {} ms per scenario, seed {}",
        amount.each_scenario.as_millis(),
        runs.seed.context("a stress run has a seed")?
    );

    step(4, "times");
    let times = bench::run(&bench, amount.rounds, amount.turn_ms)?;
    let mut times_ran = format!(
        "times: medians of {} interleaved rounds of {} ms; ratios count, not nanoseconds",
        amount.rounds, amount.turn_ms
    );
    if times.disturbed() > 0 {
        times_ran += &format!(
            "; {} of {} rows were disturbed by other work in most rounds",
            times.disturbed(),
            times.rows.len()
        );
    }

    step(5, "replays");
    let mut replays = Vec::new();
    for trace in traces()? {
        replays.extend(stress::replay(&stress, &trace, amount.replay_rounds)?.results);
    }
    let replays_ran = format!(
        "replays: checked once, median of {} timed rounds; wrap times at ten million exchanges a second",
        amount.replay_rounds
    );

    let built_in = built.as_secs_f64();
    let time =
        format!("{:.0} s in all, {built_in:.0} of them building", start.elapsed().as_secs_f64());
    let mut comparison = Comparison {
        format: data::FORMAT,
        cores: times.cores,
        ran: vec![checks_ran, stress_ran, times_ran, replays_ran, time],
        strategies: Vec::new(),
        others: BTreeMap::new(),
        recommendation: String::new(),
    };
    let runs: Vec<stress::Run> = runs.results.into_iter().chain(replays).collect();
    for name in STRATEGIES {
        let checks = checks.get(name).cloned().unwrap_or_default();
        comparison.strategies.push(strategy(name, checks, &runs, &times)?);
    }
    others(&mut comparison, &runs, &times);
    comparison.recommendation = recommend::recommend(&comparison);
    Ok(comparison)
}

fn step(number: usize, what: &str) {
    eprintln!("[{number}/5] {what}");
}

fn build(package: &'static str, name: &'static str) -> Result<PathBuf> {
    let mut cargo = workspace::cargo()?;
    cargo.args(["build", "--quiet", "--release", "--package", package, "--bin", name]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    models::executable(cargo, name).with_context(|| format!("{name} does not build"))
}

/// The recorded traces that lie in the repository.
fn traces() -> Result<Vec<PathBuf>> {
    let folder = workspace::root()?.join("stress/traces");
    let mut traces = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "zst") {
            traces.push(path);
        }
    }
    ensure!(!traces.is_empty(), "no traces in {}", folder.display());
    traces.sort();
    Ok(traces)
}

fn strategy(
    name: &str,
    checks: Checks,
    runs: &[stress::Run],
    times: &bench::Report,
) -> Result<Strategy> {
    let own = || runs.iter().filter(|run| run.strategy == name);
    let first = own().next().with_context(|| format!("stress does not know {name}"))?;
    let tag_bits = first.tag_bits.unwrap_or(0);
    let memory = own().filter_map(|run| {
        let memory =
            Memory { carved_blocks: run.carved_blocks?, peak_live_blocks: run.peak_live_blocks? };
        Some((run.trace()?.to_string(), memory))
    });
    let of_benches = times.rows.iter().filter(|row| row.subject == name);
    Ok(Strategy {
        name: name.into(),
        mechanism: first.mechanism.clone().with_context(|| format!("{name} has no mechanism"))?,
        lock_free: first.lock_free == Some(true),
        tag_bits,
        wrap_seconds: data::wrap_seconds(tag_bits),
        checks,
        stress: Stress {
            run: own().count(),
            operations: own().map(|run| run.ops).sum(),
            violations: own().map(|run| run.violations).sum(),
        },
        times: times_of(of_benches, own()),
        memory: memory.collect(),
    })
}

fn times_of<'r>(
    rows: impl Iterator<Item = &'r bench::Row>,
    runs: impl Iterator<Item = &'r stress::Run>,
) -> data::Times {
    let of_benches =
        rows.flat_map(|row| row.measures().into_iter().map(|name| (name.into(), row.median_ns)));
    let of_replays = runs.filter_map(|run| Some((measures::replay(run.trace()?), run.ns_per_op)));
    of_benches.chain(of_replays).collect()
}

/// Everything that was measured and is no strategy.
fn others(comparison: &mut Comparison, runs: &[stress::Run], times: &bench::Report) {
    let of_benches = times.rows.iter().map(|row| &row.subject);
    for name in of_benches.filter(|name| !STRATEGIES.contains(&&***name)) {
        // The two binaries have one name each for the program's allocator.
        let replayed =
            runs.iter().filter(|run| name == "system malloc" && run.strategy == "system");
        let rows = times.rows.iter().filter(|row| &row.subject == name);
        comparison.others.insert(name.clone(), times_of(rows, replayed));
    }
}
