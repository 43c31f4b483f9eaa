//! The command line of a model binary.

use core::time::Duration;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use ledger::{DEEP_TIER, Row};

use super::limits::Limits;
use super::{Check, child, deep, judge::judge, parent::Parent};

/// Model checks. Without an option: run all but the deep ones, one after the other.
#[derive(Parser)]
struct Options {
    /// Print the registered rows as JSON lines, not run.
    #[arg(long)]
    list: bool,
    /// Print the backend that this binary was compiled for.
    #[arg(long)]
    backend: bool,
    /// Run one check, named `strategy/scenario/checker/bound`, and print its row as JSON.
    #[arg(long, value_name = "KEY")]
    row: Option<String>,
    /// Stop a check that takes longer.
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    limit: u64,
    /// Say on stderr, once a second, how many executions there were.
    #[arg(long)]
    progress: bool,
    /// End when the process that started this one has ended.
    #[arg(long)]
    leashed: bool,
    /// Run one check in this very process, unjudged.
    #[arg(long, value_name = "KEY", hide = true)]
    child: Option<String>,
}

/// The whole `main` of a model binary that was compiled for `backend`: `"loom"`, `"porf"` or `"shuttle"`.
///
/// Exit codes: 0 all ok, 1 a row is broken, 2 nothing could be run.
#[must_use]
pub fn main(checks: Vec<Check>, backend: &str) -> ExitCode {
    let options = Options::parse();
    if options.backend {
        println!("{backend}");
        return ExitCode::SUCCESS;
    }
    if let Err(why) = refuse(&checks, backend) {
        eprintln!("{why}");
        return ExitCode::from(2);
    }
    let checks = deep::with_deeper(checks);
    if options.list {
        checks.iter().for_each(|check| println!("{}", json(&check.row())));
        return ExitCode::SUCCESS;
    }
    let limits = Limits {
        time: Duration::from_secs(options.limit),
        progress: options.progress,
        parent: options.leashed.then(Parent::of_this_process),
    };
    let wanted = |key: &str| {
        let found = checks.iter().find(|check| check.key() == key);
        found.ok_or_else(|| eprintln!("no check is named `{key}`; --list names them"))
    };
    match (&options.child, &options.row) {
        (Some(key), _) => wanted(key).map_or(ExitCode::from(2), |check| child::run(check, limits)),
        (None, Some(key)) => wanted(key).map_or(ExitCode::from(2), |check| {
            let row = run(check, limits);
            println!("{}", json(&row));
            exit(!row.is_broken())
        }),
        (None, None) => match sing(&checks) {
            Ok(()) => exit(run_all(&checks, limits)),
            Err(dead) => {
                eprintln!("{dead}");
                ExitCode::from(2)
            }
        },
    }
}

/// Why these checks must not be run at all.
fn refuse(checks: &[Check], backend: &str) -> Result<(), String> {
    if !matches!(backend, "loom" | "porf" | "shuttle") {
        return Err(format!(
            "built for the `{backend}` backend: there is nothing to explore. The flags of the build \
             must choose a checker: `loom`, `porf` or `shuttle`"
        ));
    }
    if checks.is_empty() {
        return Err("no check is registered".into());
    }
    let mut keys: Vec<String> = checks.iter().map(Check::key).collect();
    keys.sort();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two checks are named `{}`", pair[0])),
        None => Ok(()),
    }
}

/// The canary's message if it is dead, before each of loom's rows says so in one long line.
fn sing(checks: &[Check]) -> Result<(), String> {
    #[cfg(feature = "loom")]
    if checks.iter().any(|check| check.checker == ledger::Checker::Loom) {
        return crate::canary::sing().map(drop);
    }
    _ = checks;
    Ok(())
}

fn run(check: &Check, limits: Limits) -> Row {
    let start = Instant::now();
    let ended = child::spawn(&check.key(), limits);
    judge(check, &ended, start.elapsed().as_secs_f64())
}

/// Deep checks are run only where they are asked for by name.
fn run_all(checks: &[Check], limits: Limits) -> bool {
    checks.iter().filter(|check| check.tier < DEEP_TIER).fold(true, |ok, check| {
        let row = run(check, limits);
        let (key, verdict) = (row.key(), if row.is_ok() { "ok" } else { "BROKEN" });
        println!("{verdict:6} {key}  {} executions  {}", row.executions, row.detail);
        ok && row.is_ok()
    })
}

fn json(row: &Row) -> String {
    serde_json::to_string(row).expect("a row is plain data")
}

fn exit(ok: bool) -> ExitCode {
    ExitCode::from(u8::from(!ok))
}

#[cfg(test)]
mod tests {
    use ledger::{Checker, Limit};

    use super::*;
    use crate::explore::Exploration;

    fn check(scenario: &str) -> Check {
        Check::new("s", scenario, Checker::Loom, Limit::Unbounded, Exploration::default)
    }

    #[test]
    fn nothing_to_explore_is_refused() {
        assert!(refuse(&[check("a"), check("b")], "loom").is_ok());
        assert!(refuse(&[check("a")], "real").unwrap_err().contains("`real`"));
        assert!(refuse(&[], "loom").is_err());
        assert!(
            refuse(&[check("a"), check("a")], "loom").unwrap_err().contains("s/a/loom/unbounded")
        );
    }
}
