//! `stress run`.

use core::time::Duration;

use clap::Args;

use super::OutputArgs;
use super::value::{ALL, duration, scenario_names, selected, stall, strategy_names};
use crate::run::Budget;
use crate::scenario::Scenario;
use crate::strategies::STRATEGIES;
use crate::watch::Stall;

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Strategies, separated by commas, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true, value_parser = strategy_names(false))]
    pub strategy: Vec<String>,
    /// Scenarios, separated by commas, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true, value_parser = scenario_names())]
    pub scenario: Vec<String>,
    /// Threads at work at once; several numbers make several runs.
    #[arg(long, value_delimiter = ',', default_value = "1,2", value_name = "N,..",
          value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Vec<u16>,
    /// Time per run, as 500ms, 10s, 5m or 24h.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = duration, conflicts_with = "ops")]
    pub duration: Duration,
    /// Operations per run instead of a time, over all threads.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub ops: Option<u64>,
    /// Seed of all random choices; a fresh one if not given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Size of a block in bytes.
    #[arg(long, default_value_t = 64, value_name = "BYTES")]
    pub block_size: usize,
    /// Blocks per batch.
    #[arg(long, default_value_t = 64, value_name = "BLOCKS")]
    pub batch: usize,
    /// Leave out the checks of each single block, to time the pool with less beside it.
    #[arg(long)]
    pub books_only: bool,
    /// One more thread, held up in the middle of an exchange: for the whole run, or for a time
    /// again and again, with short breaks.
    #[arg(long, value_name = "forever|TIME", num_args = 0..=1, default_missing_value = "forever",
          value_parser = stall)]
    pub stall: Option<Stall>,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl RunArgs {
    /// The strategies asked for, in the table's order.
    pub fn strategies(&self) -> Vec<&'static str> {
        selected(&self.strategy, STRATEGIES.iter().map(|entry| entry.name))
    }

    /// The scenarios asked for, in their own order.
    pub fn scenarios(&self) -> Vec<Scenario> {
        selected(&self.scenario, Scenario::ALL.into_iter().map(Scenario::name))
            .into_iter()
            .filter_map(Scenario::named)
            .collect()
    }

    /// When each run ends.
    pub fn budget(&self) -> Budget {
        self.ops.map_or(Budget::Time(self.duration), Budget::Ops)
    }

    /// The command that does one of the runs again.
    pub fn again(&self, strategy: &str, scenario: Scenario, threads: usize, seed: u64) -> String {
        let budget = match self.ops {
            Some(ops) => format!("--ops {ops}"),
            None => format!("--duration {}ms", self.duration.as_millis()),
        };
        let books_only = if self.books_only { " --books-only" } else { "" };
        let stall = self.stall.map(|stall| format!(" --stall {stall}")).unwrap_or_default();
        format!(
            "cargo run --release -p stress -- run --strategy {strategy} --scenario {} \
             --threads {threads} {budget} --seed {seed} --block-size {} --batch {}{books_only}{stall}",
            scenario.name(),
            self.block_size,
            self.batch,
        )
    }
}
