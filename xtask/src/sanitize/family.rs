//! The tests of the allocator family under AddressSanitizer and memcheck.
//!
//! The regions come from the system's allocator, so the tools see a read or a write outside of a region,
//! a region that is used after its release, one that is released with another size, and one that is
//! never released. What happens within a region is the conformance kit's matter.

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

/// Runs the tests.
///
/// # Errors
/// Where they cannot be built or run.
pub(super) fn run(tool: Tool) -> Result<Option<Row>> {
    if tool == Tool::Thread {
        return Ok(None);
    }
    eprintln!("building the tests of the family for {}", tool.name());
    let executable = tool.build(&workspace::root()?, Program::Family)?;
    eprintln!("{}: the tests of the family", tool.name());
    let start = Instant::now();
    let mut command = tool.command(&executable);
    command.env("STAMPOOL_PROGRAMS", programs(tool)).stdin(Stdio::null());
    if tool == Tool::Address {
        // Some tests ask for more than there is, which AddressSanitizer would report otherwise.
        let options = format!("exitcode={REPORTED} detect_leaks=1 allocator_may_return_null=1");
        command.env("ASAN_OPTIONS", options);
    }
    command.args(LEFT_OUT.iter().flat_map(|(test, _)| ["--skip", test]));
    let log = workspace::output()?.join(format!("sanitize-{}-family.log", tool.name()));
    let (mut reports, mut passed, mut first) = (0, None, None);
    let status = nightly::run(command, &log, |line| {
        passed = nightly::passed(&line).or(passed);
        if tool.report(&line) {
            reports += 1;
            first.get_or_insert(line);
        }
    })?;
    let is_fine = status.success() && reports == 0 && passed.is_some_and(|passed| passed > 100);
    let detail = first.unwrap_or_else(|| format!("{status}; all of it in {}", log.display()));
    Ok(Some(Row {
        tool: tool.name(),
        what: "tests of the family".to_owned(),
        runs: passed.map_or(0, |passed| usize::try_from(passed).unwrap_or(usize::MAX)),
        operations: 0,
        seconds: start.elapsed().as_secs_f64(),
        reports,
        violations: 0,
        outcome: if is_fine { Outcome::Fine } else { Outcome::Bad },
        detail,
        again: format!("cargo xtask sanitize --tool {}", tool.name()),
    }))
}
