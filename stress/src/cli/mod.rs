//! The command line.

pub mod arena;
pub mod bump;
mod exit;
pub mod latency;
mod output;
pub mod replay;
pub mod run;
mod value;

use clap::{Parser, Subcommand};

pub use self::arena::ArenaArgs;
pub use self::bump::BumpArgs;
pub use self::exit::Exit;
pub use self::latency::LatencyArgs;
pub use self::output::{Format, OutputArgs};
pub use self::replay::ReplayArgs;
pub use self::run::RunArgs;
use crate::html::ReportArgs;
use crate::replay::{CLASSES, mallocs};
use crate::scenario::Scenario;
use crate::steer::{CheckArgs, ReproduceArgs};
use crate::strategies::STRATEGIES;

/// Puts stampool under stress and checks that it keeps its word.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 fine, 1 usage or unreadable trace, 2 violation, \
    3 time-out or hang, 4 nothing ran, 70 internal error, 130 interrupted and nothing found."
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
    /// Runs the allocators of any layout that threads share.
    Bump(BumpArgs),
    /// Fills the arena with a capacity, and frees everything at the same time.
    Arena(ArenaArgs),
    /// Times each call: hits, refills, carves and flushes.
    Latency(LatencyArgs),
    /// Replays the heap trace of a real program.
    Replay(ReplayArgs),
    /// Records the heap of a real program as a trace.
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    Record(crate::record::RecordArgs),
    /// Runs the schedule of a violation again (steered builds only).
    Reproduce(ReproduceArgs),
    /// Finds every mutant, makes it small and runs it again (steered builds only).
    SteerCheck(CheckArgs),
    /// Draws results that lie in files as a page of charts.
    Report(ReportArgs),
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
    let mallocs: Vec<_> = mallocs().map(|malloc| malloc.name).collect();
    let also = mallocs.join(", ");
    text + &format!("replay: {CLASSES} size classes of 8 to 4096 bytes; also {also}\n")
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::checking::Checks;
    use crate::observer::Stall;
    use crate::run::{Budget, Plan};

    fn parse(words: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(words.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
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
        let plan = Plan {
            stall: args.stall,
            checked: false,
            pin: true,
            checking: Checks::Hardened,
            batch_up_to: Some(128),
            ..Plan::new(Scenario::Churn, 3, args.budget(7), 9)
        };
        let again = args.again(STRATEGIES[0].name, &plan);
        let words = again.split_once("-- ").expect("cargo's separator").1;
        let Command::Run(same) = parse(&format!("stress {words}")).expect("parses").command else {
            panic!("run is run");
        };
        assert_eq!(same.budget(1), Budget::Ops(10));
        assert_eq!((same.seed, &same.threads[..], same.books_only), (Some(9), &[3][..], true));
        assert_eq!(same.batch_up_to, Some(128));
        assert_eq!((same.pin, &same.checking[..]), (true, &[Checks::Hardened][..]));
        assert_eq!(same.stall, Some(Stall::Spells(Duration::from_secs(2))));
    }

    #[test]
    fn a_total_is_shared_out() {
        let Command::Run(args) = parse("stress run --total 1m").expect("fine").command else {
            panic!("run is run");
        };
        assert_eq!(args.budget(60), Budget::Time(Duration::from_secs(1)));
        assert_eq!(args.budget(usize::MAX), Budget::Time(Duration::from_millis(1)));
    }

    #[test]
    fn the_last_word_on_pinning_counts() {
        for (words, pin) in [("", false), ("--pin", true), ("--pin --no-pin", false)] {
            let Command::Run(args) = parse(&format!("stress run {words}")).expect("fine").command
            else {
                panic!("run is run");
            };
            assert_eq!(args.pin, pin, "{words}");
        }
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
            "stress run --ops 5 --total 1s",
            "stress run --duration 5s --total 1s",
            "stress run --hang-after 0s",
            "stress run --hang-after 999ms",
            "stress run --batch 65537",
            "stress run --batch-up-to 0",
            "stress run --block-size 18446744073709551615",
            "stress run --threads 0x",
            "stress run --checking some",
            "stress run --stall 0s",
            "stress run --stall sometimes",
            "stress latency --batch 1",
            "stress latency --checking some",
            "stress replay",
            "stress replay x --rounds 0",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
