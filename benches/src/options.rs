//! The command line.

use std::path::PathBuf;

use benches::contenders::Suite;
use benches::subject::SIZES;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, ValueEnum};

// The later word wins: whoever adds words to those of `cargo xtask bench` means them.
/// Measures pools against what one would use instead. Ratios within one run count.
#[derive(Parser)]
#[command(args_override_self = true)]
pub(crate) struct Options {
    /// Workloads, by their names or how these begin: `hit`, `hit/1`, `producer-consumer/1P1C/64`.
    /// Without it: all.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) workload: Vec<String>,
    /// Without `--workload`: those that something is promised of, in place of all.
    #[arg(long)]
    pub(crate) promised: bool,
    /// Numbers of threads, for the workloads in which all do the same.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2", value_parser = threads)]
    pub(crate) threads: Vec<usize>,
    /// Sizes of block in bytes.
    #[arg(long, value_name = "BYTES", value_delimiter = ',', default_value = "64", value_parser = sizes())]
    pub(crate) sizes: Vec<usize>,
    /// Which subjects.
    #[arg(long, value_enum, default_value_t = Suite::Peers)]
    pub(crate) suite: Suite,
    /// Only subjects whose name contains this.
    #[arg(long, value_name = "SUBSTR")]
    pub(crate) subject: Option<String>,
    /// Rounds: turns of each subject.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: u16,
    /// Length of a turn in milliseconds, about; five times that where there are more threads than
    /// cores. Short ones fit between other work.
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) turn_ms: u64,
    /// Names of workloads that are chosen, and no run.
    #[arg(long)]
    pub(crate) list: bool,
    /// Measure memory too, where blocks change hands or are renewed: each subject in a process of
    /// its own.
    #[arg(long)]
    pub(crate) memory: bool,
    /// How long each subject's memory is watched, in the workload's operations. Without it: ten
    /// million from one producer to one consumer, a million elsewhere.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) memory_operations: Option<u64>,
    /// A bench.json to compare with: what is slower beyond the spread is said.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// A folder for bench.json and bench.html.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// The command to name on the page.
    #[arg(long, value_name = "COMMAND", hide = true)]
    pub(crate) made_by: Option<String>,
    /// Tell what this one subject holds, and nothing else.
    #[arg(long, value_name = "TITLE", hide = true)]
    pub(crate) watch: Option<String>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Exit with 3 unless every promised ratio was measured and met.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// Threads of one workload. More than this is a mistake.
fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().map_err(|_| "a number".to_owned())?;
    if (1..=256).contains(&threads) { Ok(threads) } else { Err("from 1 to 256".into()) }
}

fn sizes() -> impl TypedValueParser<Value = usize> {
    let names = SIZES.map(|size| size.to_string().leak() as &'static str);
    PossibleValuesParser::new(names).map(|size| size.parse().expect("one of the numbers"))
}
