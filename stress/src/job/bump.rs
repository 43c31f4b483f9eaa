//! `stress bump`: every allocator, scenario and number of threads, one after the other.

use crate::bump::{self, Outcome};
use crate::cli::{BumpArgs, Exit};
use crate::interrupt;
use crate::report::{note, number, print, table, verdict};
use crate::rng;

/// Runs all, and prints a line for each.
pub(super) fn all(args: &BumpArgs) -> Exit {
    let seed = args.seed.unwrap_or_else(rng::fresh_seed);
    note(&format!("seed {seed}"));
    let columns =
        ["member", "scenario", "threads", "rounds", "calls", "refused", "handed over", "verdict"];
    let mut lines = table(&columns);
    let mut exit = Exit::Fine;
    for (member, plan) in args.runs(seed) {
        if interrupt::requested() {
            exit = if exit == Exit::Fine { Exit::Interrupted } else { exit };
            break;
        }
        let outcome = bump::run(&plan, &member.make);
        let Outcome { ops, refusals, handed_over, rounds, violation, .. } = &outcome;
        lines.add_row([
            member.name.into(),
            plan.scenario.name().into(),
            number(plan.threads),
            number(rounds),
            number(ops),
            number(refusals),
            number(handed_over),
            verdict(usize::from(violation.is_some())).into(),
        ]);
        if let Some(violation) = violation {
            exit = Exit::Violation;
            let (name, scenario) = (member.name, plan.scenario.name());
            let again = BumpArgs::again(&member, &plan);
            note(&format!("VIOLATION {name} {scenario}: {violation}\n  again: {again}"));
        }
    }
    match print(&format!("{lines}\n")) {
        Ok(()) => exit,
        Err(_) if exit == Exit::Violation => exit,
        Err(_) => Exit::Internal,
    }
}
