//! The command line.

use std::path::PathBuf;

use benches::scale::Work;
use clap::{Parser, ValueEnum};

// The later word wins: whoever adds words to those of `cargo xtask scale` means them.
/// Measures how throughput grows with threads, and fits a model of what exchanges cost over cores.
#[derive(Parser)]
#[command(args_override_self = true)]
pub(crate) struct Options {
    /// What is done. Without it: all, and the bursts that the model is fitted to.
    #[arg(long, value_name = "NAME", value_enum, value_delimiter = ',')]
    pub(crate) workload: Vec<Part>,
    /// Numbers of threads. Without it: 1, 2, 4 and so on, and all cores. More than there are cores
    /// are marked as crowded, and the model is not fitted to them.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = threads)]
    pub(crate) threads: Vec<usize>,
    /// Only subjects whose name contains this.
    #[arg(long, value_name = "SUBSTR")]
    pub(crate) subject: Option<String>,
    /// Rounds: turns of each subject on each number of threads.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Length of a turn in milliseconds, about; five times that where there are more threads than
    /// cores.
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub(crate) turn_ms: u64,
    /// Cores up to which the model is drawn.
    #[arg(long, value_name = "N", default_value = "64", value_parser = threads)]
    pub(crate) model_up_to: usize,
    /// A folder for scale.json and scale.html; it is made where there is none.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// The command to name on the page.
    #[arg(long, value_name = "COMMAND", hide = true)]
    pub(crate) made_by: Option<String>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A workload.
    Work(Work),
    /// The bursts that the model is fitted to.
    Batches,
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        use Work::{BurstShuffled, BurstSmallBatches, Hit, Pairs, SharedBucket};
        &[
            Self::Work(Hit),
            Self::Work(BurstShuffled),
            Self::Work(BurstSmallBatches),
            Self::Work(SharedBucket),
            Self::Work(Pairs),
            Self::Batches,
        ]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::Work(work) => work.to_possible_value(),
            Self::Batches => Some(clap::builder::PossibleValue::new("batches").help(
                "Bursts of 8,192 with batches of 1 to 128 blocks, which the model is fitted to",
            )),
        }
    }
}

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for the terminal.
    Table,
    /// Tables to be pasted into a text.
    Markdown,
    /// All that was found.
    Json,
}

/// Threads of one workload. More than this is a mistake.
fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().map_err(|_| "a number".to_owned())?;
    if (1..=256).contains(&threads) { Ok(threads) } else { Err("from 1 to 256".into()) }
}
