//! A block that is used after its free: AddressSanitizer and memcheck must report it, by what the
//! library's feature `sanitizers` tells them. The program is `examples/touch_freed.rs`.

use std::process::Stdio;
use std::time::Instant;

use anyhow::Result;

use super::outcome::{Outcome, Row};
use super::tool::{Program, REPORTED, Tool};
use crate::common::workspace;

/// Kinds of pools. Each uses one block after its free.
const FAULTS: [&str; 5] = ["local", "thread-local", "exact", "hardened", "object"];
/// What the pools themselves may do with free blocks, and must not be reported.
const CLEAN: &str = "nothing";

/// Runs the program once for each kind of pool.
///
/// # Errors
/// Where it cannot be built or run.
pub(super) fn run(tool: Tool) -> Result<Vec<Row>> {
    // What a report must say.
    let words = match tool {
        Tool::Thread => return Ok(Vec::new()),
        Tool::Address => "use-after-poison",
        Tool::Valgrind => "Invalid read",
    };
    eprintln!("building touch_freed for {}", tool.name());
    let executable = tool.build(&workspace::root()?, Program::TouchFreed)?;
    let run = |kind: &str| {
        let start = Instant::now();
        let output = tool.command(&executable).arg(kind).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let first = said.lines().find(|line| tool.report(line)).unwrap_or("no report").to_owned();
        let reports = said.lines().filter(|line| tool.report(line)).count();
        let (what, is_fine) = if kind == CLEAN {
            let is_fine = output.status.success() && reports == 0;
            ("pools alone use free blocks".to_owned(), is_fine)
        } else {
            let is_fine = output.status.code() == Some(REPORTED) && first.contains(words);
            (format!("must report: use after free, {kind}"), is_fine)
        };
        Ok(Row {
            tool: tool.name(),
            what,
            runs: 1,
            operations: 0,
            seconds: start.elapsed().as_secs_f64(),
            reports,
            violations: 0,
            outcome: if is_fine { Outcome::Fine } else { Outcome::Bad },
            detail: format!("{first} ({})", output.status),
            again: format!("cargo xtask sanitize --tool {}", tool.name()),
        })
    };
    FAULTS.into_iter().chain([CLEAN]).map(run).collect()
}
