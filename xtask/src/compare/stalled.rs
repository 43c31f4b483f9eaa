//! What a thread that sleeps in the middle of an exchange costs the others: the stress binary with
//! `--stall` and without, in turns.

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::data::{Ratio, Stalled};
use super::stress::{self, Run};

/// Waves of allocations and frees on two threads: the scenario with the most exchanges.
const SCENARIO: &str = "sawtooth";
/// Batches: the default, and one that makes every miss an exchange.
pub(super) const BATCHES: [usize; 2] = [64, 1];

/// How much.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) rounds: usize,
    pub(super) each: Duration,
}

impl Amount {
    /// In words.
    pub(super) fn words(self) -> String {
        format!(
            "stalled: {SCENARIO}, 2 threads, beside a third that sleeps in an exchange and without \
             it, {} rounds of {} ms each in turns",
            self.rounds,
            self.each.as_millis()
        )
    }
}

/// Runs all `strategies`, and gives what came of each, and all runs.
///
/// # Errors
/// Where the binary fails.
pub(super) fn run(
    executable: &Path,
    strategies: &[&'static str],
    amount: Amount,
) -> Result<(BTreeMap<&'static str, Stalled>, Vec<Run>)> {
    let mut runs = Vec::new();
    let mut told = Instant::now();
    for round in 0..amount.rounds {
        if told.elapsed() > Duration::from_secs(5) {
            eprintln!("round {} of {}", round + 1, amount.rounds);
            told = Instant::now();
        }
        for strategy in strategies {
            for batch in BATCHES {
                // Who comes first has the caches as the one before left them: turn about.
                let turns = if round % 2 == 0 { [false, true] } else { [true, false] };
                for stall in turns {
                    let run = one(executable, strategy, batch, stall, round, amount.each)?;
                    runs.push((*strategy, batch, stall, run));
                }
            }
        }
    }
    let mut all = BTreeMap::new();
    for strategy in strategies {
        let mut stalled = Stalled::default();
        for batch in BATCHES {
            let of = |stall| {
                runs.iter()
                    .filter(move |(s, b, with, _)| s == strategy && *b == batch && *with == stall)
                    .map(|(.., run)| run)
            };
            // The same operations take longer, so fewer are done in the time.
            let ratios =
                of(false).zip(of(true)).map(|(free, held)| free.ns_per_op / held.ns_per_op);
            let ratio = Ratio::of(ratios.collect()).context("no round")?;
            stalled.throughput.insert(measure(batch), ratio);
            for (stall, times) in [(false, &mut stalled.without_ns), (true, &mut stalled.beside_ns)]
            {
                let median = Ratio::of(of(stall).map(|run| run.ns_per_op).collect());
                times.extend(median.map(|all| (measure(batch), all.median)));
            }
            let held = || of(true);
            let most = |part: fn(&Run) -> Option<u64>| held().filter_map(part).max().unwrap_or(0);
            stalled.peak_limbo_magazines =
                stalled.peak_limbo_magazines.max(most(|r| r.peak_limbo_magazines));
            stalled.limbo_limit = stalled.limbo_limit.max(most(|r| r.limbo_limit));
            let sum = |part: fn(&Run) -> u64, stall| of(stall).map(part).sum::<u64>();
            let overflows = |run: &Run| run.overflows.unwrap_or(0);
            if batch == BATCHES[0] {
                stalled.operations = sum(|run| run.ops, true);
                stalled.overflows = sum(overflows, true);
                stalled.operations_without = sum(|run| run.ops, false);
                stalled.overflows_without = sum(overflows, false);
            }
        }
        all.insert(*strategy, stalled);
    }
    Ok((all, runs.into_iter().map(|(.., run)| run).collect()))
}

/// The name of what is measured.
pub(super) fn measure(batch: usize) -> String {
    format!("{SCENARIO}, B = {batch}")
}

fn one(
    executable: &Path,
    strategy: &str,
    batch: usize,
    stall: bool,
    round: usize,
    each: Duration,
) -> Result<Run> {
    let (batch, seed) = (batch.to_string(), (round + 1).to_string());
    let each = format!("{}ms", each.as_millis());
    let mut words = vec!["run", "--strategy", strategy, "--scenario", SCENARIO, "--threads", "2"];
    words.extend(["--duration", &each, "--batch", &batch, "--seed", &seed, "--books-only"]);
    if stall {
        words.push("--stall");
    }
    let mut report = stress::quietly(executable, &words)?;
    let run = report.results.pop().context("stress ran nothing")?;
    ensure!(report.results.is_empty(), "stress ran more than was asked for");
    Ok(run)
}
