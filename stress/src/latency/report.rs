//! The results of `stress latency`: as JSON, and as a table.

use comfy_table::{Cell, Color};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::clock;
use super::quantiles::{self, Quantile};
use super::{Kind, Outcome, Plan};
use crate::environment::About;
use crate::report::{Findings, ViolationRow, number, table, verdict};

/// Everything that one command found out.
#[derive(Clone, Debug, Serialize)]
pub struct LatencyReport {
    /// Version of the shape, [`crate::report::FORMAT`].
    pub format: u32,
    /// `latency`.
    pub command: &'static str,
    /// Where it ran, and by what command line.
    #[serde(flatten)]
    pub about: About,
    /// Seed of the random choices.
    pub seed: u64,
    /// Reference cycles per nanosecond; `null` where the clock counts nanoseconds.
    pub cycles_per_ns: Option<f64>,
    /// One line per strategy, checking and number of threads.
    pub results: Vec<LatencyRow>,
    /// One line per violation.
    pub violations: Vec<ViolationRow>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct LatencyRow {
    /// The strategy asked for.
    pub strategy: String,
    /// The strategy that the pool really used.
    pub mechanism: &'static str,
    /// Whether its exchanges are lock-free on this machine.
    pub lock_free: bool,
    /// `off`, `checked` or `hardened`.
    pub checking: &'static str,
    /// Threads at work at once.
    pub threads: usize,
    /// Blocks per batch.
    pub batch_blocks: usize,
    /// Size of a block, in bytes.
    pub block_bytes: usize,
    /// Rounds, each on a pool of its own.
    pub rounds: u64,
    /// Wall-clock seconds, the checks between calls included.
    pub seconds: f64,
    /// Blocks carved, as the pools say.
    pub carved_blocks: usize,
    /// Blocks brought by calls that were taken for carves. More than carved, if any refill was.
    pub brought_by_carves: usize,
    /// One line per kind of call.
    pub kinds: Vec<KindRow>,
    /// The command that does this one again.
    pub again: String,
    /// Number of violations.
    pub violations: usize,
    /// `ok` or `violation`.
    pub verdict: &'static str,
}

/// The calls of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct KindRow {
    /// `timer`, `hit`, `refill`, `carve` or `flush`.
    pub kind: &'static str,
    /// Calls.
    pub count: u64,
    /// Reference cycles; `null` where the clock counts nanoseconds.
    pub cycles: Option<Spread>,
    /// Nanoseconds.
    pub ns: Spread,
    /// The curve that these are points of.
    pub curve: Vec<Quantile>,
}

/// How figures are spread; all 0 where there are none.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// Half are no higher.
    pub p50: f64,
    /// 90 in 100 are no higher.
    pub p90: f64,
    /// 99 in 100 are no higher.
    pub p99: f64,
    /// 999 in 1,000 are no higher.
    pub p999: f64,
    /// None is higher.
    pub max: f64,
}

impl Spread {
    fn new(histogram: &Histogram<u64>, ticks_per_unit: f64) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / ticks_per_unit;
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1.0) }
    }

    const fn all(self) -> [f64; 5] {
        [self.p50, self.p90, self.p99, self.p999, self.max]
    }
}

impl LatencyRow {
    /// The lines for one run.
    pub fn new(
        strategy: &str,
        plan: &Plan,
        outcome: &Outcome,
        ticks_per_ns: f64,
        again: String,
    ) -> Self {
        let kinds = Kind::ALL.iter().map(|kind| {
            let histogram = outcome.tally.of(*kind);
            KindRow {
                kind: kind.name(),
                count: histogram.len(),
                cycles: clock::IS_CYCLES.then(|| Spread::new(histogram, 1.0)),
                ns: Spread::new(histogram, ticks_per_ns),
                curve: quantiles::curve(histogram, ticks_per_ns),
            }
        });
        Self {
            strategy: strategy.to_owned(),
            mechanism: outcome.mechanism.strategy,
            lock_free: outcome.mechanism.lock_free,
            checking: plan.checking.name(),
            threads: plan.threads,
            batch_blocks: plan.batch,
            block_bytes: super::layout().size(),
            rounds: outcome.rounds,
            seconds: outcome.elapsed.as_secs_f64(),
            carved_blocks: outcome.carved_blocks,
            brought_by_carves: outcome.tally.brought_by_carves,
            kinds: kinds.collect(),
            again,
            violations: outcome.violations.len(),
            verdict: verdict(outcome.violations.len()),
        }
    }
}

impl Findings for LatencyReport {
    fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain structs serialise") + "\n"
    }

    fn text(&self) -> String {
        // Left out where it says nothing, so that the table fits a terminal of 100 columns. So is the
        // verdict, which is the color here, and a line at the end.
        let is_checked = self.results.iter().any(|row| row.checking != "off");
        let mut header = vec!["strategy"];
        header.extend(is_checked.then_some("checking"));
        header.extend(["call", "count", "p50", "p90", "p99", "p99.9", "max"]);
        let mut table = table(&header);
        for row in &self.results {
            let color = if row.violations == 0 { Color::Green } else { Color::Red };
            for kind in &row.kinds {
                let mut cells =
                    vec![Cell::new(format!("{} x{}", row.strategy, row.threads)).fg(color)];
                cells.extend(is_checked.then(|| Cell::new(row.checking)));
                cells.extend([Cell::new(kind.kind), number(kind.count)]);
                cells.extend(kind.ns.all().map(|ns| number(format!("{ns:.0}"))));
                table.add_row(cells);
            }
        }
        format!("{table}\n\n{}", self.notes())
    }

    fn has_results(&self) -> bool {
        !self.results.is_empty()
    }

    fn violations(&self) -> &[ViolationRow] {
        &self.violations
    }
}

impl LatencyReport {
    /// How to read the table.
    fn notes(&self) -> String {
        let unit = match self.cycles_per_ns {
            Some(rate) => format!(
                "Each figure: nanoseconds, of {rate:.3} reference cycles, which the JSON has as well."
            ),
            None => "Each figure: nanoseconds.".to_owned(),
        };
        let carved: usize = self.results.iter().map(|row| row.carved_blocks).sum();
        let brought: usize = self.results.iter().map(|row| row.brought_by_carves).sum();
        format!(
            "{unit}\n\
             `timer` is the clock's own floor, with no call in it; it is in every other figure.\n\
             The maximum includes preemption by the system and interrupts. Whatever else ran on this \
             machine is in the figures: where it is shared, read ratios and orders of magnitude.\n\
             {carved} blocks carved; calls taken for carves brought {brought}.\n"
        )
    }
}
