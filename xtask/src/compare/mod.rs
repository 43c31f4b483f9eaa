//! `cargo xtask compare`: which strategy, is it right, what does it cost?
//!
//! Builds and runs the model checks, then builds the rest and runs stress, benches, stalls and
//! replays, one after the other, so that no time is taken while something else of ours runs. Each
//! part prints its table when it is done. Ends with a recommendation,
//! `target/stampool/compare.json` and a line of verdict. `--docs` puts it into the page `choosing`.

mod bench;
mod build;
mod checks;
mod data;
mod depth;
mod docs;
mod facts;
mod found;
mod html;
mod recommend;
mod stalled;
mod stress;
mod table;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;
use data::{Comparison, Strategy};
use depth::Depth;

/// How long, and where to.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A run for a script that does not need the figures: the fewest model checks and the shortest
    /// turns.
    #[arg(long)]
    quick: bool,
    /// All model checks that are explored completely, and long turns: some ten minutes more.
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// Also measure these: `cpp` builds mimalloc, snmalloc, jemalloc and rpmalloc, which takes
    /// minutes.
    #[arg(long, value_name = "KIND", value_enum)]
    peers: Option<Peers>,
    /// Write what is found into src/docs/choosing.md, too. Makes it a full run.
    #[arg(long, conflicts_with = "quick")]
    docs: bool,
    /// Draw what is found as a page, beside the JSON.
    #[arg(long)]
    html: bool,
    /// Run nothing: take what an earlier run found.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "full", "peers", "out"])]
    from: Option<PathBuf>,
    /// Where to write the JSON. Without it: target/stampool/compare.json.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What is measured beside the strategies, and takes long to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Peers {
    /// General allocators in C and C++.
    Cpp,
}

impl Options {
    fn depth(&self) -> Depth {
        match (self.quick, self.full || self.docs) {
            (true, _) => Depth::Quick,
            (_, true) => Depth::Full,
            _ => Depth::Short,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If something cannot be built or run, or if a strategy broke. In the last case the
/// table and the JSON are written nevertheless.
pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let (comparison, path) = match &options.from {
        Some(path) => {
            let comparison = read(path)?;
            table::sections(&comparison).into_iter().for_each(show);
            (comparison, path.clone())
        }
        None => {
            let out = match &options.out {
                Some(out) => out.clone(),
                None => workspace::output()?.join("compare.json"),
            };
            let comparison = compare(options.depth(), options.peers.is_some(), start)?;
            let json = serde_json::to_string_pretty(&comparison)? + "\n";
            fs::write(&out, json).with_context(|| format!("cannot write {}", out.display()))?;
            (comparison, out)
        }
    };
    println!("how it was measured");
    for line in comparison.ran.iter().chain(&comparison.left) {
        println!("{}", text::item(line));
    }
    println!("\nrecommendation");
    for sentence in [&comparison.recommendation].into_iter().chain(&comparison.without_tag) {
        println!("{}", text::sentence(sentence));
    }
    println!("\n{}", path.display());
    if options.html {
        println!("{}", html::write(&comparison, &path)?.display());
    }
    if options.docs {
        println!("{}", docs::write(&comparison)?.display());
    }
    let broken = |one: &&Strategy| {
        let checks = one.models.values().chain([&one.checks]);
        checks.map(|checks| checks.broken.len()).sum::<usize>() > 0 || one.stress.violations > 0
    };
    let broken = comparison.strategies.iter().filter(broken).count();
    ensure!(broken == 0, "{broken} strategies are broken");
    let choice = recommend::choice(&comparison).unwrap_or("none of them");
    println!("ok: {} strategies, none broken; use {choice}", comparison.strategies.len());
    Ok(())
}

fn show((title, table): table::Titled) {
    println!("{title}\n{}\n", text::trimmed(&table.to_string()));
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

fn compare(depth: Depth, with_mallocs: bool, start: Instant) -> Result<Comparison> {
    let amount = depth.amount();
    let mut built = core::time::Duration::ZERO;
    let mut building = |what: &str, since: Instant| {
        built += since.elapsed();
        eprintln!("built {what} in {:.0} s", since.elapsed().as_secs_f64());
    };
    let mut found = found::Found::new(depth, with_mallocs)?;

    step(1, "model checks");
    let since = Instant::now();
    let models = checks::build()?;
    building("the checks", since);
    found.checks(checks::run(&models, depth)?);
    show(table::checks(&found.comparison));
    table::ledger(&found.comparison).into_iter().for_each(show);

    step(2, "stress");
    let since = Instant::now();
    let build::Programs { stress, bench } = build::programs(with_mallocs)?;
    building("stress and benches", since);
    let runs = stress::scenarios(&stress, amount.each_scenario)?;
    known(&runs)?;
    found.ran(format!(
        "stress: 2 threads, {} ms per scenario, seed {}",
        amount.each_scenario.as_millis(),
        runs.seed.context("a stress run has a seed")?
    ));
    found.stress(&runs.results)?;
    show(table::progress(&found.comparison));
    show(table::stress(&found.comparison));

    step(3, "times");
    let times = bench::run(&bench, with_mallocs, amount.rounds, amount.turn_ms)?;
    let mut words = format!(
        "times: medians of {} interleaved rounds of {} ms; ratios count, not nanoseconds",
        amount.rounds, amount.turn_ms
    );
    if times.disturbed() > 0 {
        words += &format!(
            "; {} of {} rows were disturbed by other work in most rounds",
            times.disturbed(),
            times.rows.len()
        );
    }
    found.ran(words);
    found.comparison.busy = times.is_busy();
    found.times(&times);
    show(table::costs(&found.comparison));

    step(4, "beside a thread that sleeps");
    let names = facts::all().map(|facts| facts.name);
    let (stalled, runs) = stalled::run(&stress, &names, amount.stalled)?;
    found.ran(amount.stalled.words());
    found.ran(
        "* under Locked the sleeper of the harness holds no lock; one that does stops everybody"
            .into(),
    );
    found.stalled(stalled, &runs);
    show(table::asleep(&found.comparison));

    step(5, "replays of recorded programs");
    let mut runs = Vec::new();
    for trace in traces()? {
        runs.extend(stress::replay(&stress, &trace, amount.replay_rounds)?.results);
    }
    found.ran(format!(
        "replays: checked once, median of {} timed rounds; wrap times at ten million exchanges a second",
        amount.replay_rounds
    ));
    found.replays(&runs);
    show(table::replays(&found.comparison));

    found.ran(format!(
        "{:.0} s in all, {:.0} of them building",
        start.elapsed().as_secs_f64(),
        built.as_secs_f64()
    ));
    Ok(found.finish())
}

/// Whether stress knows the strategies of the tables, and no others.
fn known(runs: &stress::Report) -> Result<()> {
    let theirs: BTreeSet<&str> = runs.results.iter().map(|run| &*run.strategy).collect();
    let ours: BTreeSet<&str> = facts::all().iter().map(|facts| facts.name).collect();
    ensure!(theirs == ours, "stress knows {theirs:?}, the tables know {ours:?}");
    Ok(())
}

fn step(number: usize, what: &str) {
    eprintln!("[{number}/5] {what}");
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
