//! `stress bump`.

use core::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::value::{ALL, duration, selected, threads};
use crate::bump::{MEMBERS, Member, Plan, Scenario};
use crate::environment::AGAIN;
use crate::run::Budget;

fn names(all: impl Iterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(all.chain([ALL]).collect::<Vec<_>>())
}

/// Arguments of `bump`.
#[derive(Clone, Debug, Args)]
pub struct BumpArgs {
    /// Allocators, separated by commas, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true,
          value_parser = names(MEMBERS.iter().map(|member| member.name)))]
    pub member: Vec<String>,
    /// Scenarios, separated by commas, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true,
          value_parser = names(Scenario::ALL.iter().map(|scenario| scenario.name())))]
    pub scenario: Vec<String>,
    /// Threads at work at once; several numbers make several runs. `max` is one per core, `4x` four
    /// per core.
    #[arg(long, value_delimiter = ',', default_value = "2,4", value_name = "N|max|Nx,..",
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

impl BumpArgs {
    /// All runs, with `seed`.
    pub fn runs(&self, seed: u64) -> Vec<(Member, Plan)> {
        let members = selected(&self.member, MEMBERS.iter().map(|member| member.name));
        let scenarios = selected(&self.scenario, Scenario::ALL.iter().map(|s| s.name()));
        let mut runs = Vec::new();
        for member in MEMBERS.iter().filter(|member| members.contains(&member.name)) {
            for scenario in Scenario::ALL.into_iter().filter(|s| scenarios.contains(&s.name())) {
                for threads in &self.threads {
                    let threads = usize::from(*threads);
                    let budget = Budget::Ops(self.ops.unwrap_or(0));
                    runs.push((*member, Plan { scenario, threads, budget, seed }));
                }
            }
        }
        if self.ops.is_none() {
            let each = u32::try_from(runs.len()).map_or(Duration::ZERO, |len| self.total / len);
            for (_, plan) in &mut runs {
                plan.budget = Budget::Time(each);
            }
        }
        runs
    }

    /// The command that does one of the runs again.
    pub fn again(member: &Member, plan: &Plan) -> String {
        let budget = plan.budget.option();
        let (name, scenario) = (member.name, plan.scenario.name());
        let (threads, seed) = (plan.threads, plan.seed);
        format!(
            "{AGAIN} bump --member {name} --scenario {scenario} --threads {threads} {budget} --seed {seed}"
        )
    }
}
