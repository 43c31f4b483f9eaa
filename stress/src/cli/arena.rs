//! `stress arena`.

use core::time::Duration;

use clap::Args;

use super::value::{duration, threads};
use crate::arena::Plan;
use crate::environment::AGAIN;
use crate::run::Budget;

/// Arguments of `arena`.
#[derive(Clone, Debug, Args)]
pub struct ArenaArgs {
    /// The arena's capacity in bytes; several make several runs.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1048576,67108864",
        value_name = "BYTES,.."
    )]
    pub capacity: Vec<usize>,
    /// Threads at work at once; several numbers make several runs. `max` is one per core, `4x` four
    /// per core.
    #[arg(long, value_delimiter = ',', default_value = "2,8", value_name = "N|max|Nx,..",
          value_parser = threads)]
    pub threads: Vec<u16>,
    /// Time for all runs together, divided evenly, as 500ms, 10s, 5m or 24h; each run ends with its
    /// round.
    #[arg(long, default_value = "12s", value_name = "TIME", value_parser = duration)]
    pub total: Duration,
    /// Calls per run instead.
    #[arg(long, value_name = "N", conflicts_with = "total")]
    pub ops: Option<u64>,
    /// Seed of all random choices; a fresh one if not given.
    #[arg(long)]
    pub seed: Option<u64>,
}

impl ArenaArgs {
    /// All runs, with `seed`.
    pub fn runs(&self, seed: u64) -> Vec<Plan> {
        let plan = |capacity_bytes: usize, threads: u16| {
            let runs = self.capacity.len() * self.threads.len();
            let each = u32::try_from(runs).map_or(Duration::ZERO, |runs| self.total / runs);
            let budget = self.ops.map_or(Budget::Time(each), Budget::Ops);
            Plan { capacity_bytes, threads: usize::from(threads), budget, seed }
        };
        let of = |capacity: &usize| {
            let capacity = *capacity;
            self.threads.iter().map(move |threads| plan(capacity, *threads))
        };
        self.capacity.iter().flat_map(of).collect()
    }

    /// The command that does one of the runs again.
    pub fn again(plan: &Plan) -> String {
        let budget = plan.budget.option();
        let Plan { capacity_bytes, threads, seed, .. } = plan;
        format!(
            "{AGAIN} arena --capacity {capacity_bytes} --threads {threads} {budget} --seed {seed}"
        )
    }
}
