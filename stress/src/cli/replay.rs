//! `stress replay`.

use std::path::PathBuf;

use clap::Args;

use super::output::OutputArgs;
use super::value::{ALL, selected, strategy_names};
use crate::environment::AGAIN;
use crate::replay::mallocs;
use crate::strategies::STRATEGIES;

/// Arguments of `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// The trace, as described in stress/traces/README.md.
    pub file: PathBuf,
    /// Strategies, separated by commas, general allocators for reference, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true, value_parser = strategy_names(true))]
    pub strategy: Vec<String>,
    /// Rounds that are timed; the median counts. One more is checked.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub rounds: u16,
    /// Blocks per batch.
    #[arg(long, default_value_t = 64, value_name = "BLOCKS")]
    pub batch: usize,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl ReplayArgs {
    /// The subjects asked for, in the table's order.
    pub fn subjects(&self) -> Vec<&'static str> {
        let known =
            STRATEGIES.iter().map(|entry| entry.name).chain(mallocs().map(|malloc| malloc.name));
        selected(&self.strategy, known)
    }

    /// The command that does one of the replays again.
    pub fn again(&self, subject: &str) -> String {
        format!(
            "{AGAIN} replay {} --strategy {subject} --rounds {} --batch {}",
            self.file.display(),
            self.rounds,
            self.batch,
        )
    }
}
