//! `stress arena`: every number of threads, one after the other.

use crate::arena::{self, Outcome};
use crate::cli::{ArenaArgs, Exit};
use crate::interrupt;
use crate::report::{note, number, print, table, verdict};
use crate::rng;

/// Runs all, and prints a line for each.
pub(super) fn all(args: &ArenaArgs) -> Exit {
    let seed = args.seed.unwrap_or_else(rng::fresh_seed);
    note(&format!("seed {seed}"));
    let columns =
        ["capacity", "threads", "rounds", "calls", "refused", "handed over", "fullest", "verdict"];
    let mut lines = table(&columns);
    let mut exit = Exit::Fine;
    for plan in args.runs(seed) {
        if interrupt::requested() {
            exit = if exit == Exit::Fine { Exit::Interrupted } else { exit };
            break;
        }
        let outcome = arena::run(&plan);
        let Outcome { ops, refusals, handed_over, rounds, fullest, violation, .. } = &outcome;
        lines.add_row([
            number(plan.capacity_bytes),
            number(plan.threads),
            number(rounds),
            number(ops),
            number(refusals),
            number(handed_over),
            format!("{:.1}%", fullest * 100.0).into(),
            verdict(usize::from(violation.is_some())).into(),
        ]);
        if let Some(violation) = violation {
            exit = Exit::Violation;
            note(&format!("VIOLATION: {violation}\n  again: {}", ArenaArgs::again(&plan)));
        }
    }
    match print(&format!("{lines}\n")) {
        Ok(()) => exit,
        Err(_) if exit == Exit::Violation => exit,
        Err(_) => Exit::Internal,
    }
}
