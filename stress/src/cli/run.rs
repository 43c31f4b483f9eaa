//! `stress run`.

use core::time::Duration;

use clap::Args;

use super::output::OutputArgs;
use super::value::{
    ALL, batch_blocks, block_bytes, duration, patience, scenario_names, selected, stall,
    strategy_names, threads,
};
use crate::checking::Checks;
use crate::environment::AGAIN;
use crate::observer::Stall;
use crate::run::{Budget, Plan};
use crate::scenario::Scenario;
use crate::steer::SteerArgs;
use crate::strategies::STRATEGIES;

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
    /// `max` is one per core, `4x` four per core.
    #[arg(long, value_delimiter = ',', default_value = "1,2", value_name = "N|max|Nx,..",
          value_parser = threads)]
    pub threads: Vec<u16>,
    /// Time per run, as 500ms, 10s, 5m or 24h.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = duration)]
    pub duration: Duration,
    /// Time for all runs together instead, shared out evenly.
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "duration")]
    pub total: Option<Duration>,
    /// Operations per run instead of a time, over all threads.
    #[arg(long, value_name = "N", conflicts_with_all = ["duration", "total"], value_parser = clap::value_parser!(u64).range(1..))]
    pub ops: Option<u64>,
    /// Seed of all random choices; a fresh one if not given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Size of a block in bytes.
    #[arg(long, default_value_t = 64, value_name = "BYTES", value_parser = block_bytes())]
    pub block_size: usize,
    /// Blocks per batch. Without it the pool chooses, and adapts.
    #[arg(long, value_name = "BLOCKS", value_parser = batch_blocks())]
    pub batch: Option<usize>,
    /// Let batches grow up to so many blocks.
    #[arg(long, value_name = "BLOCKS", value_parser = batch_blocks())]
    pub batch_up_to: Option<usize>,
    /// Keep each thread on one core, in turn.
    #[arg(long, overrides_with = "no_pin")]
    pub pin: bool,
    /// Let the system place the threads, as it does without this.
    #[arg(long, overrides_with = "pin")]
    pub no_pin: bool,
    /// How the pool looks for misuse; several make several runs.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "off")]
    pub checking: Vec<Checks>,
    /// End at the first run with a violation; without it the others are run all the same.
    #[arg(long)]
    pub fail_fast: bool,
    /// Count a run as hung after so long without any operation, or so long beyond its time: a
    /// second or more, since threads take their time to begin.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = patience)]
    pub hang_after: Duration,
    /// Leave out the checks of each single block, to time the pool with less beside it.
    #[arg(long)]
    pub books_only: bool,
    /// Write the last 4,096 calls of each handle down, and check whether some order of atomic steps
    /// explains them.
    #[arg(long)]
    pub histories: bool,
    /// One more thread, held up in the middle of an exchange: for the whole run, or for a time
    /// again and again, with short breaks.
    #[arg(long, value_name = "forever|TIME", num_args = 0..=1, default_missing_value = "forever",
          value_parser = stall)]
    pub stall: Option<Stall>,
    /// What steered builds take.
    #[command(flatten)]
    pub steer: SteerArgs,
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

    /// When each of `runs` runs ends.
    pub fn budget(&self, runs: usize) -> Budget {
        let share = |total: Duration| {
            let runs = u32::try_from(runs.max(1)).unwrap_or(u32::MAX);
            (total / runs).max(Duration::from_millis(1))
        };
        let time = self.total.map_or(self.duration, share);
        self.ops.map_or(Budget::Time(time), Budget::Ops)
    }

    /// The command that does one of the runs again.
    pub fn again(&self, strategy: &str, plan: &Plan) -> String {
        let budget = match plan.budget {
            Budget::Ops(ops) => format!("--ops {ops}"),
            Budget::Time(time) => format!("--duration {}ms", time.as_millis()),
        };
        let mut again = format!(
            "{AGAIN} run --strategy {strategy} --scenario {} \
             --threads {} {budget} --seed {} --block-size {}",
            plan.scenario.name(),
            plan.threads,
            plan.seed,
            self.block_size,
        );
        if let Some(batch) = self.batch {
            again += &format!(" --batch {batch}");
        }
        if let Some(most) = plan.batch_up_to {
            again += &format!(" --batch-up-to {most}");
        }
        if plan.checking != Checks::Off {
            again += &format!(" --checking {}", plan.checking.name());
        }
        for (is_set, flag) in [
            (plan.pin, " --pin"),
            (!plan.checked, " --books-only"),
            (plan.histories, " --histories"),
        ] {
            if is_set {
                again += flag;
            }
        }
        if let Some(stall) = plan.stall {
            again += &format!(" --stall {stall}");
        }
        again
    }
}
