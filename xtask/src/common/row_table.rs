//! Rows of checks as a table on the terminal.

use ledger::{DEEP_TIER, Expect, Row};

use crate::common::terminal;

/// Prints `rows`, the details of the broken ones, and the command that runs each of those again.
pub(crate) fn print(rows: &[Row]) {
    let mut table = terminal::table(
        [
            "strategy",
            "scenario",
            "checker",
            "tier",
            "bound",
            "executions",
            "outcomes",
            "s",
            "verdict",
        ],
        [5, 6, 7],
    );
    for row in rows {
        table.add_row([
            row.strategy.clone(),
            row.scenario.clone(),
            row.checker.to_string(),
            format!("T{}", row.tier),
            row.bound.to_string(),
            row.executions.to_string(),
            outcomes(row),
            format!("{:.2}", row.seconds),
            verdict(row).into(),
        ]);
    }
    println!("{table}");
    for row in rows.iter().filter(|row| row.is_broken()) {
        println!("\nbroken: {}\n  {}\n  again: {}", row.key(), row.detail, again(row));
    }
}

fn outcomes(row: &Row) -> String {
    match row.outcomes_expected {
        0 => row.outcomes_seen.to_string(),
        expected => format!("{}/{expected}", row.outcomes_seen),
    }
}

fn verdict(row: &Row) -> &'static str {
    match (row.is_ok(), row.expect) {
        (false, _) if row.is_stopped() => "stopped",
        (false, _) => "BROKEN",
        (true, Expect::Fail) => "caught",
        (true, Expect::Pass) if row.is_exhaustive() => "ok, exhaustive",
        (true, Expect::Pass) => "ok",
    }
}

fn again(row: &Row) -> String {
    match row.checker {
        ledger::Checker::Fuzz => "see the command above".into(),
        _ if row.tier >= DEEP_TIER => format!("cargo xtask checks --deep --filter '{}'", row.key()),
        _ => format!("cargo xtask checks --filter '{}'", row.key()),
    }
}
