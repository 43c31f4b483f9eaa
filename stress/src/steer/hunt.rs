//! The commands of steered builds: hunting for a fault, making it small, running it again.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;
use std::{fs, panic};

use super::{Case, Ending, Mutant, ReproduceArgs, Schedule, Steering, play, reduce};
use crate::cli::{Exit, RunArgs};
use crate::interrupt;
use crate::oracle::violation::Violation;
use crate::rng;
use crate::scenario::Scenario;
use crate::strategies::STRATEGIES;
use crate::subject::Refused;

/// How long a hunt lasts at most, and how long making it small may take.
pub(super) const HUNT: Duration = Duration::from_secs(60);
/// Operations of one thread in a round, where the command line says nothing.
const ROUND: u64 = 10_000;
/// The most blocks of a batch: exchanges are where the faults are.
const BATCH: usize = 4;

/// A fault that was found by jittered threads.
#[derive(Debug)]
pub struct Catch {
    /// The round that found it.
    pub case: Case,
    /// Rounds, with that one.
    pub rounds: u64,
    /// Time until then.
    pub elapsed: Duration,
    /// What it found.
    pub ending: Ending,
}

/// Plays rounds of `case` under new seeds until one fails, or for so long, or until an interrupt.
///
/// # Errors
/// A pool that cannot be built.
pub fn find(case: &Case, time: Duration) -> Result<Option<Catch>, Refused> {
    let began = Instant::now();
    for rounds in 1.. {
        let case = Case { seed: case.seed.wrapping_add(rounds - 1), ..case.clone() };
        let ending = play(&case, &Steering::Jittered)?;
        let elapsed = began.elapsed();
        if !ending.violations.is_empty() {
            return Ok(Some(Catch { case, rounds, elapsed, ending }));
        }
        if elapsed >= time || interrupt::requested() {
            break;
        }
    }
    Ok(None)
}

/// Panics of mutated pools are violations, and are told as such: nothing else is said of them.
pub(super) fn quietly<R>(work: impl FnOnce() -> R) -> R {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let done = work();
    panic::set_hook(hook);
    done
}

/// `run --mutant`: looks for the fault until it is found and made small.
pub(crate) fn hunt(args: &RunArgs, mutant: Mutant) -> Exit {
    let seed = args.seed.unwrap_or_else(rng::fresh_seed);
    eprintln!("seed {seed}");
    let cases = cases(args, mutant, seed);
    if cases.is_empty() {
        eprintln!("error: nothing ran: {BESIDE}");
        return Exit::NothingRan;
    }
    // Before a minute is spent on what no schedule may say, or has no place.
    if let Err(why) = cases.iter().try_for_each(Case::sound) {
        eprintln!("error: {why}");
        return Exit::Usage;
    }
    let folder = &args.steer.schedules;
    if let Err(error) = fs::create_dir_all(folder) {
        eprintln!("error: cannot write into {}: {error}", folder.display());
        return Exit::Usage;
    }
    let mut exit = Exit::Fine;
    for case in cases {
        let done = quietly(|| chase(&case, folder));
        match done {
            Ok(true) => exit = Exit::Violation,
            Ok(false) if interrupt::requested() => {
                eprintln!("error: interrupted; nothing found so far");
                return Exit::Interrupted;
            }
            Ok(false) => {
                println!("{} {}: nothing found", mutant.name(), case.scenario);
                // The fault is there: nothing of what was asked for was seen.
                if mutant != Mutant::None {
                    exit = Exit::NothingRan;
                }
            }
            Err(refused) => {
                eprintln!("error: {refused}");
                return Exit::Usage;
            }
        }
        if exit == Exit::Violation {
            break;
        }
    }
    exit
}

/// Why a scenario is left out: here it could not fail as it is meant to.
const BESIDE: &str = "it takes a limit, or a thread that is held up, which steered play has not";

/// The cases that the arguments ask for.
fn cases(args: &RunArgs, mutant: Mutant, seed: u64) -> Vec<Case> {
    let (all, own) = (args.scenarios(), Case::scenario_of(mutant));
    let threads = args.threads.iter().copied().max().map_or(2, |threads| threads.max(2));
    let ops = args.ops.map_or(ROUND, |ops| ops.div_ceil(u64::from(threads)));
    let strategies = args.strategies();
    let whole = |scenario: &&Scenario| scenario.is_of_threads_alone();
    let everything = all.len() == Scenario::ALL.len();
    let scenarios: Vec<_> = match mutant {
        Mutant::None => all.iter().filter(whole).map(|scenario| scenario.name()).collect(),
        Mutant::StaleStamp => vec![own],
        _ if everything => vec![own],
        _ => all.iter().filter(whole).map(|scenario| scenario.name()).collect(),
    };
    let many = mutant == Mutant::None;
    let strategies = if many { strategies } else { vec![STRATEGIES[0].name] };
    let case = |strategy: &str, scenario: &str| Case {
        mutant,
        strategy: strategy.to_owned(),
        scenario: scenario.to_owned(),
        threads: usize::from(threads),
        ops: usize::try_from(ops).unwrap_or(usize::MAX).min(1 << 20),
        batch: args.batch.unwrap_or(BATCH).min(BATCH),
        block_size: args.block_size,
        seed,
        checked: !args.books_only,
    };
    let pairs = strategies
        .iter()
        .flat_map(|strategy| scenarios.iter().map(move |scenario| (*strategy, *scenario)));
    pairs.map(|(strategy, scenario)| case(strategy, scenario)).collect()
}

/// Finds, reduces, saves and tells; says whether there was anything.
fn chase(case: &Case, folder: &Path) -> Result<bool, Refused> {
    let time = if case.mutant == Mutant::None { Duration::from_secs(1) } else { HUNT };
    let Some(caught) = find(case, time)? else { return Ok(false) };
    let (name, what) = (case.mutant.name(), &caught.ending.violations[0]);
    eprintln!(
        "VIOLATION {name} {} with {} threads, found after {:.1} s in round {}: {what}",
        case.scenario,
        case.threads,
        caught.elapsed.as_secs_f64(),
        caught.rounds
    );
    pursue(&caught.case, what, folder)?;
    Ok(true)
}

/// Makes a violation small, saves the schedule and says how to run it.
fn pursue(case: &Case, what: &Violation, folder: &Path) -> Result<(), Refused> {
    let Some(reduced) = reduce(case, what, HUNT)? else {
        let why = if interrupt::requested() { "interrupted: " } else { "" };
        eprintln!("  {why}not reproduced within {} s of led threads", HUNT.as_secs());
        return Ok(());
    };
    let schedule = reduced.schedule;
    let Case { threads, ops, .. } = schedule.case;
    eprintln!(
        "  after {} led runs and {} to make it smaller: {threads} threads, {ops} operations each, \
         {} switches: {}",
        reduced.tried,
        reduced.shrunk,
        schedule.switches.len(),
        schedule.expected
    );
    match schedule.save(folder) {
        Ok(path) => eprintln!("  again: cargo xtask steered -- reproduce {}", path.display()),
        Err(error) => {
            eprintln!("error: {}: {error}; the schedule is on standard output", folder.display());
            print!("{}", schedule.json());
        }
    }
    Ok(())
}

/// Makes small what an ordinary run of the shipped pool found.
pub(crate) fn follow_up(args: &RunArgs, strategy: &str, scenario: Scenario, found: &Violation) {
    let mut case = bare(Mutant::None, args.seed.unwrap_or_default());
    case.strategy = strategy.to_owned();
    case.scenario = scenario.name().to_owned();
    case.block_size = args.block_size;
    let meant = if scenario.is_of_threads_alone() { Ok(()) } else { Err(BESIDE.to_owned()) };
    if let Err(why) = meant.and_then(|()| case.sound()) {
        eprintln!("  not made small: {why}");
        return;
    }
    if let Err(refused) = quietly(|| pursue(&case, found, &args.steer.schedules)) {
        eprintln!("error: {refused}");
    }
}

/// `reproduce`: runs a schedule again.
pub(crate) fn reproduce(args: &ReproduceArgs) -> Exit {
    let usage = |what: &dyn core::fmt::Display| {
        eprintln!("error: {}: {what}", args.file.display());
        Exit::Usage
    };
    let schedule = match Schedule::open(&args.file) {
        Ok(schedule) => schedule,
        Err(error) => return usage(&error),
    };
    match quietly(|| schedule.run()) {
        Ok(Some(finding)) if finding == schedule.expected => {
            println!("VIOLATION, as expected: {finding}");
            Exit::Violation
        }
        Ok(Some(finding)) => {
            println!("VIOLATION, another one: {finding}\n  expected: {}", schedule.expected);
            Exit::Violation
        }
        Ok(None) => {
            println!("this schedule does not fail any more; expected: {}", schedule.expected);
            Exit::Fine
        }
        Err(refused) => usage(&refused),
    }
}

/// The case that `run --mutant` takes where it is told nothing more.
pub fn bare(mutant: Mutant, seed: u64) -> Case {
    Case {
        mutant,
        strategy: STRATEGIES[0].name.to_owned(),
        scenario: Case::scenario_of(mutant).to_owned(),
        threads: 2,
        ops: usize::try_from(ROUND).unwrap_or(usize::MAX),
        batch: BATCH,
        block_size: 64,
        seed,
        checked: true,
    }
}
