//! The check of the search itself: it must find every mutant, reduce it and find it again, and
//! must find nothing in the shipped pool.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use comfy_table::{Table, presets};

use super::case::NAMES;
use super::hunt::{HUNT, quietly};
use super::reduce::draw;
use super::{Case, CheckArgs, Finding, Mutant, Reduced, Steering, bare, find, play, reduce};
use crate::cli::Exit;
use crate::oracle::violation::Violation;
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::strategies::STRATEGIES;
use crate::subject::Refused;

/// Lists of preemptions for each seed, where nothing may be found.
const LISTS: u32 = 10;

/// What one run took.
struct Took {
    found_s: f64,
    rounds: u64,
    reduced_s: f64,
    reduced: Reduced,
}

/// `steer-check`.
pub(crate) fn check(args: &CheckArgs) -> Exit {
    let mut exit = Exit::Fine;
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header([
        "mutant",
        "scenario",
        "found",
        "s to find: median",
        "worst",
        "rounds: worst",
        "s to reduce: worst",
        "led runs: median",
        "reduced to: threads",
        "ops",
        "switches",
    ]);
    for mutant in Mutant::FAULTS {
        let mut took = Vec::new();
        for run in 0..args.runs {
            let seed = args.seed.wrapping_add(run.wrapping_mul(1 << 20));
            match quietly(|| one(&bare(mutant, seed), &args.schedules)) {
                Ok(one) => took.push(one),
                Err(why) => {
                    eprintln!("FAILED {} under seed {seed}: {why}", mutant.name());
                    exit = Exit::Internal;
                }
            }
        }
        table.add_row(row(mutant, &took, args.runs));
    }
    println!("{table}");
    let mut sure = |what: &str, done: Result<String, String>| match done {
        Ok(how) => println!("{what}: {how}"),
        Err(why) => {
            eprintln!("FAILED {what}: {why}");
            exit = Exit::Internal;
        }
    };
    sure("histories alone", quietly(|| by_histories(args.seed)));
    for strategy in &STRATEGIES {
        let sound = Case { strategy: strategy.name.to_owned(), ..bare(Mutant::None, args.seed) };
        sure(strategy.name, quietly(|| sound_under_all(&sound)));
    }
    exit
}

fn row(mutant: Mutant, took: &[Took], runs: u64) -> Vec<String> {
    let ranked = |of: &dyn Fn(&Took) -> f64| {
        let mut all: Vec<f64> = took.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        (all.get(all.len() / 2).copied().unwrap_or(0.0), all.last().copied().unwrap_or(0.0))
    };
    let found = ranked(&|took| took.found_s);
    let case = |of: &dyn Fn(&Took) -> usize| {
        let all = || took.iter().map(of);
        match (all().min(), all().max()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
            (least, _) => least.map_or(String::new(), |least| least.to_string()),
        }
    };
    vec![
        mutant.name(),
        Case::scenario_of(mutant).to_owned(),
        format!("{} of {runs}", took.len()),
        format!("{:.2}", found.0),
        format!("{:.2}", found.1),
        took.iter().map(|took| took.rounds).max().unwrap_or(0).to_string(),
        format!("{:.2}", ranked(&|took| took.reduced_s).1),
        format!("{:.0}", ranked(&|took| took.reduced.tried as f64).0),
        case(&|took| took.reduced.schedule.case.threads),
        case(&|took| took.reduced.schedule.case.ops),
        case(&|took| took.reduced.schedule.switches.len()),
    ]
}

/// Finds a fault, makes it small and runs it twice again, from its file.
fn one(case: &Case, folder: &Path) -> Result<Took, String> {
    let caught = find(case, HUNT).map_err(said)?.ok_or("not found")?;
    let began = Instant::now();
    let reduced = reduce(&caught.case, &caught.ending.violations[0], HUNT).map_err(said)?;
    let reduced = reduced.ok_or("found, but not reproduced")?;
    let reduced_s = began.elapsed().as_secs_f64();
    let path = reduced.schedule.save(folder).map_err(|error| error.to_string())?;
    let schedule = super::Schedule::open(&path).map_err(|error| error.to_string())?;
    for _ in 0..2 {
        let found = schedule.run().map_err(said)?;
        if found.as_ref() != Some(&schedule.expected) {
            let found = found.map_or("nothing".to_owned(), |finding| finding.to_string());
            return Err(format!("{} gave {found}, not {}", path.display(), schedule.expected));
        }
    }
    Ok(Took { found_s: caught.elapsed.as_secs_f64(), rounds: caught.rounds, reduced_s, reduced })
}

fn said(refused: Refused) -> String {
    refused.0
}

/// Without checks of single blocks, the histories must suffice.
fn by_histories(seed: u64) -> Result<String, String> {
    let began = Instant::now();
    let case = Case { checked: false, ..bare(Mutant::DoubleOffer, seed) };
    for round in 0.. {
        let case = Case { seed: seed.wrapping_add(round), ..case.clone() };
        let ending = play(&case, &Steering::Jittered).map_err(said)?;
        let elapsed = began.elapsed();
        let seen = |violation: &Violation| matches!(violation, Violation::NotLinearizable { .. });
        if ending.violations.iter().any(seen) {
            let seconds = elapsed.as_secs_f64();
            return Ok(format!("double-offer in round {}, after {seconds:.2} s", round + 1));
        }
        if elapsed >= HUNT {
            break;
        }
    }
    Err("double-offer not found".to_owned())
}

/// Runs the shipped pool under each scenario, jittered and led, and must find no fault.
fn sound_under_all(case: &Case) -> Result<String, String> {
    let (mut led, mut jittered) = (0_u32, 0_u32);
    let names = (case.strategy == STRATEGIES[0].name).then_some(NAMES);
    let scenarios = Scenario::ALL.iter().filter(|scenario| scenario.is_of_threads_alone());
    for scenario in scenarios.map(|scenario| scenario.name()).chain(names) {
        let case = Case { scenario: scenario.to_owned(), ..case.clone() };
        if let Some(caught) = find(&case, Duration::from_millis(200)).map_err(said)? {
            return Err(format!("{scenario} under seed {}: {:?}", caught.case.seed, caught.ending));
        }
        jittered += 1;
        for seed in 0..20 {
            let small = Case { ops: 32, batch: 2, seed, ..case.clone() };
            let (mut rng, mut preemptions) = (Rng::new(seed, 0), Vec::new());
            for _ in 0..LISTS {
                let ending = play(&small, &Steering::Led(preemptions.clone())).map_err(said)?;
                if ending.gave_up {
                    return Err(format!("{scenario} under seed {seed} waits for ever"));
                }
                if let Some(finding) = Finding::of(&ending) {
                    return Err(format!(
                        "{scenario} under seed {seed}, {preemptions:?}: {finding}"
                    ));
                }
                led += 1;
                preemptions = draw(&mut rng, &ending.steps);
            }
        }
    }
    Ok(format!("nothing in {jittered} scenarios jittered and {led} led runs"))
}
