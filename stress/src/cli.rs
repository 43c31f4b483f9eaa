//! The command line.

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::latency::{Level, Plan};
use crate::replay::CLASSES;
use crate::run::Budget;
use crate::scenario::Scenario;
use crate::steer::{CheckArgs, ReproduceArgs, SteerArgs};
use crate::strategies::STRATEGIES;
use crate::watch::Stall;

/// The reference subject of a replay: the process's global allocator.
pub const SYSTEM: &str = "system";
/// Stands for every name of a kind.
const ALL: &str = "all";

/// Puts stampool under stress and checks that it keeps its word.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 fine, 1 usage or unreadable trace, 2 violation, \
    4 nothing ran, 70 internal error."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Names the strategies and the scenarios.
    List,
    /// Runs scenarios.
    Run(RunArgs),
    /// Times each call: hits, refills, carves and flushes.
    Latency(LatencyArgs),
    /// Replays the heap trace of a real program.
    Replay(ReplayArgs),
    /// Runs the schedule of a violation again (steered builds only).
    Reproduce(ReproduceArgs),
    /// Finds every sabotage, makes it small and runs it again (steered builds only).
    SteerCheck(CheckArgs),
}

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
    /// What steered builds take.
    #[command(flatten)]
    pub steer: SteerArgs,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `latency`.
#[derive(Clone, Debug, Args)]
pub struct LatencyArgs {
    /// Strategies, separated by commas, or "all".
    #[arg(long, value_delimiter = ',', default_value = ALL, ignore_case = true, value_parser = strategy_names(false))]
    pub strategy: Vec<String>,
    /// Threads at work at once; several numbers make several runs.
    #[arg(long, value_delimiter = ',', default_value = "1,2", value_name = "N,..",
          value_parser = clap::value_parser!(u16).range(1..=4096))]
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
    pub level: Vec<Level>,
    /// Seed of all random choices; a fresh one if not given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// What is printed at the end.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The file for the results as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/stampool/latency.json")]
    pub out: PathBuf,
}

/// Arguments of `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// The trace, as described in stress/traces/README.md.
    pub file: PathBuf,
    /// Strategies, separated by commas, "system" for reference, or "all".
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

/// Where results go.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// What is printed at the end.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The file for the results as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/stampool/stress.json")]
    pub out: PathBuf,
}

/// What is printed at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table.
    Text,
    /// The results as JSON, the same as in the file.
    Json,
}

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All that ran was fine.
    Fine,
    /// The command line makes no sense, or a file cannot be read or written.
    Usage,
    /// A violation was found.
    Violation,
    /// Nothing ran.
    NothingRan,
    /// The harness or the machine failed.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Usage => 1,
            Exit::Violation => 2,
            Exit::NothingRan => 4,
            Exit::Internal => 70,
        })
    }
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

impl LatencyArgs {
    /// The strategies asked for, in the table's order.
    pub fn strategies(&self) -> Vec<&'static str> {
        selected(&self.strategy, STRATEGIES.iter().map(|entry| entry.name))
    }

    /// Where results go.
    pub fn output(&self) -> OutputArgs {
        OutputArgs { format: self.format, out: self.out.clone() }
    }

    /// The command that does one of the runs again.
    pub fn again(&self, strategy: &str, plan: &Plan) -> String {
        format!(
            "cargo run --release -p stress -- latency --strategy {strategy} --level {} \
             --threads {} --batch {} --duration {}ms --seed {}",
            plan.level.name(),
            plan.threads,
            plan.batch,
            plan.duration.as_millis(),
            plan.seed,
        )
    }
}

impl ReplayArgs {
    /// The subjects asked for, in the table's order.
    pub fn subjects(&self) -> Vec<&'static str> {
        let known = STRATEGIES.iter().map(|entry| entry.name).chain([SYSTEM]);
        selected(&self.strategy, known)
    }

    /// The command that does one of the replays again.
    pub fn again(&self, subject: &str) -> String {
        format!(
            "cargo run --release -p stress -- replay {} --strategy {subject} --rounds {} --batch {}",
            self.file.display(),
            self.rounds,
            self.batch,
        )
    }
}

/// The names that `asked` selects.
fn selected(asked: &[String], known: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let wants = |name: &str| {
        asked.iter().any(|word| word.eq_ignore_ascii_case(ALL) || word.eq_ignore_ascii_case(name))
    };
    known.filter(|name| wants(name)).collect()
}

/// Accepts names of strategies; clap suggests the nearest for others.
fn strategy_names(with_system: bool) -> PossibleValuesParser {
    let system = with_system.then_some(SYSTEM);
    PossibleValuesParser::new(
        STRATEGIES.iter().map(|entry| entry.name).chain(system).chain([ALL]).collect::<Vec<_>>(),
    )
}

/// Accepts names of scenarios.
fn scenario_names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        Scenario::ALL.into_iter().map(Scenario::name).chain([ALL]).collect::<Vec<_>>(),
    )
}

/// Not a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotADuration;

impl fmt::Display for NotADuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time is a whole number with ms, s, m or h, above 0 and at most a year")
    }
}

impl core::error::Error for NotADuration {}

/// Reads a time like `500ms` or `24h`.
fn duration(text: &str) -> Result<Duration, NotADuration> {
    const YEAR: u64 = 365 * 24 * 3_600_000;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(NotADuration),
    };
    let number: u64 = number.parse().map_err(|_| NotADuration)?;
    match number.checked_mul(millis) {
        Some(total @ 1..=YEAR) => Ok(Duration::from_millis(total)),
        _ => Err(NotADuration),
    }
}

/// Reads how a thread is held up.
fn stall(text: &str) -> Result<Stall, NotADuration> {
    if text == "forever" { Ok(Stall::Forever) } else { duration(text).map(Stall::Spells) }
}

/// Names what there is, for `list`.
pub fn list() -> String {
    let mut text = String::from("strategies:\n");
    for entry in &STRATEGIES {
        text += &format!("  {}\n", entry.name);
    }
    text += "scenarios:\n";
    for scenario in Scenario::ALL {
        text += &format!("  {:<14} {}\n", scenario.name(), scenario.about());
    }
    text + &format!("replay: {CLASSES} size classes of 8 to 4096 bytes; also \"{SYSTEM}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(words.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn times() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "0s", "5", "1.5s", "-1s", "10 s", "99999999999999999999s", "9000h1"] {
            assert_eq!(duration(bad), Err(NotADuration), "{bad:?}");
        }
        assert_eq!(duration("18446744073709551615h"), Err(NotADuration));
    }

    #[test]
    fn unknown_names_suggest_the_nearest() {
        let error = parse("stress run --scenario one-blok").expect_err("no such scenario");
        assert!(error.to_string().contains("'one-block'"), "{error}");
        let nearest = STRATEGIES[0].name;
        let typo = &nearest[..nearest.len() - 1];
        let error = parse(&format!("stress run --strategy {typo}")).expect_err("no such strategy");
        assert!(error.to_string().contains(nearest), "{error}");
    }

    #[test]
    fn all_is_everything_and_a_list_is_in_our_order() {
        let Command::Run(all) = parse("stress run").expect("defaults").command else {
            panic!("run is run");
        };
        assert_eq!(all.strategies().len(), STRATEGIES.len());
        assert_eq!(all.scenarios(), Scenario::ALL);
        let list = parse("stress run --scenario churn,one-block").expect("two").command;
        let Command::Run(two) = list else { panic!("run is run") };
        assert_eq!(two.scenarios(), [Scenario::OneBlock, Scenario::Churn]);
    }

    #[test]
    fn the_command_to_run_again_is_understood() {
        let words = "stress run --ops 10 --books-only --stall 2s";
        let Command::Run(args) = parse(words).expect("ops").command else {
            panic!("run is run");
        };
        let again = args.again(STRATEGIES[0].name, Scenario::Churn, 3, 9);
        let words = again.split_once("-- ").expect("cargo's separator").1;
        let Command::Run(same) = parse(&format!("stress {words}")).expect("parses").command else {
            panic!("run is run");
        };
        assert_eq!(same.budget(), Budget::Ops(10));
        assert_eq!((same.seed, same.threads, same.books_only), (Some(9), vec![3], true));
        assert_eq!(same.stall, Some(Stall::Spells(Duration::from_secs(2))));
    }

    #[test]
    fn a_stall_is_for_ever_unless_told_otherwise() {
        for (words, stall) in [("", None), ("--stall --ops 1", Some(Stall::Forever))] {
            let Command::Run(args) = parse(&format!("stress run {words}")).expect("fine").command
            else {
                panic!("run is run");
            };
            assert_eq!(args.stall, stall);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "stress",
            "stress run --threads 0",
            "stress run --ops 0",
            "stress run --duration 1",
            "stress run --ops 5 --duration 1s",
            "stress run --stall 0s",
            "stress run --stall sometimes",
            "stress latency --batch 1",
            "stress latency --level some",
            "stress replay",
            "stress replay x --rounds 0",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
