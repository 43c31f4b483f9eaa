//! The tests of the allocator family under AddressSanitizer and memcheck.
//!
//! The regions come from the system's allocator, so the tools see a read or a write outside of a region,
//! a region that is used after its release, one that is released with another size, and one that is
//! never released. What happens within a region is the conformance kit's matter.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Result;

use super::outcome::{Outcome, Row};
use super::tool::{Program, REPORTED, Tool};
use crate::common::{nightly, workspace};

/// Tests that are left out, and why.
const LEFT_OUT: &[(&str, &str)] = &[("what_must_not_compile_does_not", "it runs the compiler")];

/// How many of the kit's programs run for each member: memcheck takes fifty times as long.
fn programs(tool: Tool) -> &'static str {
    if tool == Tool::Valgrind { "20" } else { "1000" }
}

/// The test with a fault that the tools must report.
const FAULT: &str = "must_report::a_write_behind_a_region";

/// Runs the tests, and the one that has a fault.
///
/// # Errors
/// Where they cannot be built or run.
pub(super) fn run(tool: Tool) -> Result<Vec<Row>> {
    if tool == Tool::Thread {
        return Ok(Vec::new());
    }
    eprintln!("building the tests of the family for {}", tool.name());
    let executable = tool.build(&workspace::root()?, Program::Family)?;
    eprintln!("{}: the tests of the family", tool.name());
    let words: Vec<_> = LEFT_OUT.iter().flat_map(|(test, _)| ["--skip", test]).collect();
    let tests = call(tool, &executable, "tests of the family", &words, |seen| {
        seen.ended_well && seen.reports == 0 && seen.passed > 100
    })?;
    let words = ["--ignored", "--exact", FAULT];
    let fault = call(tool, &executable, "must report: a write behind a region", &words, |seen| {
        seen.reports > 0
    })?;
    Ok(vec![tests, fault])
}

/// What a run of tests showed.
struct Seen {
    ended_well: bool,
    passed: usize,
    reports: usize,
}

fn call(
    tool: Tool,
    executable: &Path,
    what: &str,
    words: &[&str],
    is_fine: impl Fn(&Seen) -> bool,
) -> Result<Row> {
    let start = Instant::now();
    let mut command = tool.command(executable);
    command.args(words).env("STAMPOOL_PROGRAMS", programs(tool)).stdin(Stdio::null());
    if tool == Tool::Address {
        // Some tests ask for more than there is, which AddressSanitizer would report otherwise.
        let options = format!("exitcode={REPORTED} detect_leaks=1 allocator_may_return_null=1");
        command.env("ASAN_OPTIONS", options);
    }
    let log = workspace::output()?.join(format!("sanitize-{}-family.log", tool.name()));
    let mut first = None;
    let mut seen = Seen { ended_well: false, passed: 0, reports: 0 };
    let status = nightly::run(command, &log, |line| {
        if let Some(passed) = nightly::passed(&line) {
            seen.passed = usize::try_from(passed).unwrap_or(usize::MAX);
        }
        if tool.report(&line) {
            seen.reports += 1;
            first.get_or_insert(line);
        }
    })?;
    seen.ended_well = status.success();
    let detail = first.unwrap_or_else(|| format!("{status}; all of it in {}", log.display()));
    Ok(Row {
        tool: tool.name(),
        what: what.to_owned(),
        runs: seen.passed,
        operations: 0,
        seconds: start.elapsed().as_secs_f64(),
        reports: seen.reports,
        violations: 0,
        outcome: if is_fine(&seen) { Outcome::Fine } else { Outcome::Bad },
        detail,
        again: format!("cargo xtask sanitize --tool {}", tool.name()),
    })
}
