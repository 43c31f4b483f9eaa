//! Compares loom with the litmus table. Built and run by `cargo xtask litmus`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use loom_tests::canary;
use loom_tests::litmus::{Litmus, TABLE};

fn main() -> ExitCode {
    if let Err(dead) = canary::sing() {
        eprintln!("{dead}");
        return ExitCode::from(2);
    }
    println!("{:18} {:>10} {:>8}  {:8} program", "litmus", "executions", "outcomes", "");
    let wrong = TABLE.iter().filter(|litmus| !compare(litmus)).count();
    println!("\n{} litmus tests, {wrong} not as known", TABLE.len());
    ExitCode::from(u8::from(wrong > 0))
}

/// Runs one row and prints it; whether it is as known.
fn compare(litmus: &Litmus) -> bool {
    let seen = litmus.explore();
    let saw: BTreeSet<String> = seen.outcomes.keys().cloned().collect();
    let expected = litmus.expected();
    let ok = seen.finished && saw == expected;
    let word = match (ok, litmus.loom) {
        (false, _) => "WRONG",
        (true, None) => "= C11",
        (true, Some(_)) => "as loom",
    };
    let Litmus { name, program, .. } = litmus;
    println!("{name:18} {:>10} {:>8}  {word:8} {program}", seen.executions, saw.len());
    if let Some((_, why)) = litmus.loom {
        println!("{:49}{why}", "");
    }
    if !ok {
        println!("  not seen:    {:?}", expected.difference(&saw).collect::<Vec<_>>());
        println!("  not allowed: {:?}", saw.difference(&expected).collect::<Vec<_>>());
    }
    ok
}
