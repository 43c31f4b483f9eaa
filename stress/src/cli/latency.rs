//! `stress latency`.

use core::time::Duration;

use clap::Args;

use super::output::OutputArgs;
use super::value::{ALL, duration, selected, strategy_names, threads};
use crate::checking::Checks;
use crate::environment::AGAIN;
use crate::latency::Plan;
use crate::strategies::STRATEGIES;

/// Arguments of `latency`.
#[derive(Clone, Debug, Args)]
pub struct LatencyArgs {
    /// Strategies, separated by commas, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true, value_parser = strategy_names(false))]
    pub strategy: Vec<String>,
    /// Threads at work at once; several numbers make several runs. `max` is one per core, `4x` four
    /// per core.
    #[arg(long, value_delimiter = ',', default_value = "1,2", value_name = "N|max|Nx,..",
          value_parser = threads)]
    pub threads: Vec<u16>,
    /// Blocks per batch.
    #[arg(long, default_value_t = 64, value_name = "BLOCKS",
          value_parser = clap::value_parser!(u16).range(2..=4096))]
    pub batch: u16,
    /// Time per run, as 500ms, 10s, 5m or 24h; the round that is on is played to its end.
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = duration)]
    pub duration: Duration,
    /// How the pool looks for misuse; several make several runs.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "off")]
    pub checking: Vec<Checks>,
    /// Seed of all random choices; a fresh one if not given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl LatencyArgs {
    /// The strategies asked for, in the table's order.
    pub fn strategies(&self) -> Vec<&'static str> {
        selected(&self.strategy, STRATEGIES.iter().map(|entry| entry.name))
    }

    /// The command that does one of the runs again.
    pub fn again(&self, strategy: &str, plan: &Plan) -> String {
        format!(
            "{AGAIN} latency --strategy {strategy} --checking {} \
             --threads {} --batch {} --duration {}ms --seed {}",
            plan.checking.name(),
            plan.threads,
            plan.batch,
            plan.duration.as_millis(),
            plan.seed,
        )
    }
}
