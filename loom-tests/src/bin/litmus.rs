//! Compares loom with the litmus table. Built and run by `cargo xtask litmus`.

use core::fmt::Display;
use std::collections::BTreeSet;
use std::process::ExitCode;

use loom_tests::canary;
use loom_tests::explore::Exploration;
use loom_tests::litmus::{ARCS, ArcLitmus, ArcProgram, Litmus, TABLE};

/// Every program on an `Arc` of so many threads with so many operations each is run.
const ALL_ARCS: (usize, usize) = (2, 2);

/// What the columns hold, and how programs are written.
const LEGEND: &str = "\
executions: how many loom ran; outcomes: how many different results these had
= C11: exactly the outcomes that C11 allows; as loom: not those, for the reason in the next line
= count: exactly the outcomes of a plain counter, for programs on the count of an Arc
WRONG: other outcomes than those, or the search did not end
program: the threads, between |; x, y, z are locations of 64 bits, w one of 128
  x.acq load, x=1.rel store, x+1.rlx add, x<1.ar swap, F.sc fence,
  x?0:1.ar/acq compare and exchange, with the orderings of success and of failure
  rlx Relaxed, acq Acquire, rel Release, ar AcqRel, sc SeqCst
";

fn main() -> ExitCode {
    if let Err(dead) = canary::sing() {
        eprintln!("{dead}");
        return ExitCode::from(2);
    }
    println!("{LEGEND}");
    print_row("litmus", "executions", "outcomes", "verdict", "program");
    let mut wrong = TABLE.iter().filter(|litmus| !compare(litmus)).count();
    wrong += ARCS.iter().filter(|arc| !compare_arc(arc)).count();
    println!();
    let (threads, len) = ALL_ARCS;
    let programs = ArcProgram::all(threads, len);
    wrong += programs.iter().filter(|program| !is_a_counter(program)).count();
    println!("Arc: all {} programs of {threads} threads x {len}", programs.len());
    println!("{} litmus tests, {wrong} programs not as known", TABLE.len() + ARCS.len());
    ExitCode::from(u8::from(wrong > 0))
}

/// Runs one row and prints it; whether it is as known.
fn compare(litmus: &Litmus) -> bool {
    let seen = litmus.explore();
    let saw = outcomes(&seen);
    let expected = litmus.expected();
    let ok = seen.finished && saw == expected;
    let word = match (ok, litmus.loom) {
        (false, _) => "WRONG",
        (true, None) => "= C11",
        (true, Some(_)) => "as loom",
    };
    let Litmus { name, program, .. } = litmus;
    print_row(name, seen.executions, saw.len(), word, program);
    if let Some((_, why)) = litmus.loom {
        println!("    {why}");
    }
    if !ok {
        print_difference(&saw, &expected);
    }
    ok
}

/// Runs one row on an `Arc` and prints it; whether it is as known.
fn compare_arc(arc: &ArcLitmus) -> bool {
    let program = arc.program();
    let (seen, expected) = (program.explore(), program.expected());
    let saw = outcomes(&seen);
    let ok = seen.finished && saw == expected;
    let (name, word) = (arc.name, if ok { "= count" } else { "WRONG" });
    print_row(name, seen.executions, saw.len(), word, program);
    if !ok {
        print_difference(&saw, &expected);
    }
    ok
}

/// Runs one program on an `Arc`, and prints it if its outcomes are not those of a counter.
fn is_a_counter(program: &ArcProgram) -> bool {
    let (seen, expected) = (program.explore(), program.expected());
    let saw = outcomes(&seen);
    let ok = seen.finished && saw == expected;
    if !ok {
        println!("WRONG {program}");
        print_difference(&saw, &expected);
    }
    ok
}

fn outcomes(seen: &Exploration) -> BTreeSet<String> {
    seen.outcomes.keys().cloned().collect()
}

/// Prints a row, which has at most 100 columns with the longest program of the table.
fn print_row(
    name: &str,
    executions: impl Display,
    outcomes: impl Display,
    verdict: &str,
    program: impl Display,
) {
    println!("{name:17}{executions:>10} {outcomes:>8} {verdict:7} {program}");
}

fn print_difference(saw: &BTreeSet<String>, expected: &BTreeSet<String>) {
    println!("  not seen:    {:?}", expected.difference(saw).collect::<Vec<_>>());
    println!("  not allowed: {:?}", saw.difference(expected).collect::<Vec<_>>());
}
