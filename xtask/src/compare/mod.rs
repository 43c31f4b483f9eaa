//! `cargo xtask compare`: which strategy, is it right, what does it cost?
//!
//! Builds everything first, then runs the quick model checks, stress, benches, stalls and replays,
//! one after the other, so that no time is taken while something else of ours runs. Ends with
//! tables, `target/stampool/compare.json` and a recommendation. `--docs` puts it into the page
//! `choosing`.

mod bench;
mod checks;
mod data;
mod docs;
mod facts;
mod html;
mod made;
mod recommend;
mod stalled;
mod stress;
mod table;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::{matrix, models, workspace};
use checks::Verdicts;
use data::{Comparison, Memory, Stalled, Strategy, Stress, measures};
use facts::Facts;

/// How long, and where to.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A shorter run, of about a minute: fewer scenarios and shorter turns.
    #[arg(long)]
    quick: bool,
    /// Write what is found into src/docs/choosing.md, too. Not after a quick run.
    #[arg(long, conflicts_with = "quick")]
    docs: bool,
    /// Draw what is found as a page, beside the JSON.
    #[arg(long)]
    html: bool,
    /// Run nothing: take what an earlier run found.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "out"])]
    from: Option<PathBuf>,
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
    stalled: stalled::Amount,
}

const FULL: Amount = Amount {
    each_scenario: Duration::from_secs(2),
    rounds: 21,
    turn_ms: 2,
    replay_rounds: 15,
    stalled: stalled::Amount { rounds: 15, each: Duration::from_millis(100) },
};
const QUICK: Amount = Amount {
    each_scenario: Duration::from_millis(200),
    rounds: 9,
    turn_ms: 2,
    replay_rounds: 5,
    stalled: stalled::Amount { rounds: 5, each: Duration::from_millis(50) },
};

/// Runs the command.
///
/// # Errors
/// Where something cannot be built or run, or a strategy broke: the table and the JSON are there
/// all the same then.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (comparison, path) = match &options.from {
        Some(path) => (read(path)?, path.clone()),
        None => {
            let out = match &options.out {
                Some(out) => out.clone(),
                None => workspace::output()?.join("compare.json"),
            };
            let comparison = compare(options.quick)?;
            let json = serde_json::to_string_pretty(&comparison)? + "\n";
            fs::write(&out, json).with_context(|| format!("cannot write {}", out.display()))?;
            (comparison, out)
        }
    };
    println!("{}", table::tables(&comparison));
    for line in &comparison.ran {
        println!("{line}");
    }
    println!("{}", path.display());
    if options.html {
        println!("{}", html::write(&comparison, &path)?.display());
    }
    println!("\n{}", comparison.recommendation);
    comparison.without_tag.iter().for_each(|sentence| println!("{sentence}"));
    if options.docs {
        println!("\n{}", docs::write(&comparison)?.display());
    }
    let broken = |one: &&Strategy| {
        let checks = one.models.values().chain([&one.checks]);
        checks.map(|checks| checks.broken.len()).sum::<usize>() > 0 || one.stress.violations > 0
    };
    let broken = comparison.strategies.iter().filter(broken).count();
    ensure!(broken == 0, "{broken} strategies are broken");
    Ok(())
}

/// What an earlier run wrote.
fn read(path: &Path) -> Result<Comparison> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let comparison: Comparison = serde_json::from_str(&text)
        .with_context(|| format!("{} is no comparison of this version", path.display()))?;
    ensure!(
        comparison.format == data::FORMAT,
        "format {}, not {}",
        comparison.format,
        data::FORMAT
    );
    Ok(comparison)
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
    let (checks, mut ran) = checks::run(&models, quick)?;

    step(3, "stress");
    let runs = stress::scenarios(&stress, amount.each_scenario)?;
    ran.push(format!(
        "stress: 2 threads, {} ms per scenario, seed {}",
        amount.each_scenario.as_millis(),
        runs.seed.context("a stress run has a seed")?
    ));
    known(&runs)?;

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

    ran.push(times_ran);

    step(5, "beside a thread that sleeps");
    let names = facts::all().map(|facts| facts.name);
    let (stalled, stalled_runs) = stalled::run(&stress, &names, amount.stalled)?;
    ran.push(amount.stalled.words());
    ran.push(
        "* under Locked the sleeper of the harness holds no lock; one that does stops everybody"
            .into(),
    );

    step(6, "replays");
    let mut replays = Vec::new();
    for trace in traces()? {
        replays.extend(stress::replay(&stress, &trace, amount.replay_rounds)?.results);
    }
    ran.push(format!(
        "replays: checked once, median of {} timed rounds; wrap times at ten million exchanges a second",
        amount.replay_rounds
    ));

    let built_in = built.as_secs_f64();
    ran.push(format!(
        "{:.0} s in all, {built_in:.0} of them building",
        start.elapsed().as_secs_f64()
    ));
    let mut comparison = Comparison {
        format: data::FORMAT,
        made: made::made(if quick {
            "cargo xtask compare --quick"
        } else {
            "cargo xtask compare"
        })?,
        cores: times.cores,
        ran,
        strategies: Vec::new(),
        others: BTreeMap::new(),
        recommendation: String::new(),
        without_tag: None,
    };
    let runs: Vec<stress::Run> = runs.results.into_iter().chain(replays).collect();
    for facts in facts::all() {
        let mut own = strategy(&facts, &checks, &runs, &times)?;
        let held_up = stalled_runs.iter().filter(|run| run.strategy == own.name);
        own.stress.run += held_up.clone().count();
        own.stress.operations += held_up.clone().map(|run| run.ops).sum::<u64>();
        own.stress.violations += held_up.map(|run| run.violations).sum::<usize>();
        own.stalled = stalled.get(facts.name).cloned().unwrap_or_default();
        comparison.strategies.push(own);
    }
    others(&mut comparison, &runs, &times);
    comparison.recommendation = recommend::recommend(&comparison);
    comparison.without_tag = recommend::without_tag(&comparison);
    Ok(comparison)
}

/// Whether stress knows the strategies of the tables, and no others.
fn known(runs: &stress::Report) -> Result<()> {
    let theirs: BTreeSet<&str> = runs.results.iter().map(|run| &*run.strategy).collect();
    let ours: BTreeSet<&str> = facts::all().iter().map(|facts| facts.name).collect();
    ensure!(theirs == ours, "stress knows {theirs:?}, the tables know {ours:?}");
    Ok(())
}

fn step(number: usize, what: &str) {
    eprintln!("[{number}/6] {what}");
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
    facts: &Facts,
    checks: &Verdicts,
    runs: &[stress::Run],
    times: &bench::Report,
) -> Result<Strategy> {
    let name = facts.name;
    let own = || runs.iter().filter(|run| run.strategy == name);
    let first = own().next().with_context(|| format!("stress does not know {name}"))?;
    let tag_bits = first.tag_bits.unwrap_or(0);
    let memory = own().filter_map(|run| {
        let memory =
            Memory { carved_blocks: run.carved_blocks?, peak_live_blocks: run.peak_live_blocks? };
        Some((run.trace()?.to_string(), memory))
    });
    let of_benches = || times.rows.iter().filter(|row| row.subject == name);
    let quartiles = of_benches().flat_map(|row| {
        let range = [row.lower_quartile_ns, row.upper_quartile_ns];
        row.measures().into_iter().map(move |name| (name.to_string(), range))
    });
    let of = |name: &str| checks.get(name).cloned().unwrap_or_default();
    Ok(Strategy {
        name: name.into(),
        mechanism: first.mechanism.clone().with_context(|| format!("{name} has no mechanism"))?,
        lock_free: first.lock_free == Some(true),
        tag_bits,
        wrap_seconds: data::wrap_seconds(tag_bits),
        progress: [facts.push, facts.removal, facts.growth].map(|part| part.word().into()),
        stops_all: facts.stops_all,
        checks: of(name),
        models: matrix::models_of(name)
            .iter()
            .map(|model| (model.to_string(), of(model)))
            .collect(),
        stress: Stress {
            run: own().count(),
            operations: own().map(|run| run.ops).sum(),
            violations: own().map(|run| run.violations).sum(),
        },
        times: times_of(of_benches(), own()),
        quartiles: quartiles.collect(),
        stalled: Stalled::default(),
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
    for name in of_benches.filter(|name| facts::of(name).is_none()) {
        // The two binaries have one name each for the program's allocator.
        let replayed =
            runs.iter().filter(|run| name == "system malloc" && run.strategy == "system");
        let rows = times.rows.iter().filter(|row| &row.subject == name);
        comparison.others.insert(name.clone(), times_of(rows, replayed));
    }
}
