//! Counts what passed and what failed: steps, tests, checks and mutants.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use ledger::Row;
use serde_json::Value;

use crate::{cross, fuzz_pool, miri, sanitize};

/// How much passed and how much failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Tally {
    /// A step.
    pub(super) fn step(&mut self, ok: bool) {
        self.passed += u64::from(ok);
        self.failed += u64::from(!ok);
    }

    /// A line of a step's output: `test result: ok. 3 passed; 0 failed; ...` counts.
    pub(super) fn line(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else { return };
        let number = |word| {
            let before = result.split_once(word)?.0.trim_end();
            before.rsplit(' ').next()?.parse().ok()
        };
        self.passed += number("passed;").unwrap_or(0);
        self.failed += number("failed;").unwrap_or(0);
    }

    /// The rows of `checks.json`, the mutants, the sanitizers, the fuzzer, Miri and the emulated
    /// processors, of those reports that exist.
    ///
    /// # Errors
    /// Where a report cannot be read.
    pub(super) fn reports(&mut self, folder: &Path) -> Result<()> {
        let rows: Vec<Row> = read(&folder.join("checks.json"))?;
        // A row that was stopped at its limit has neither passed nor failed.
        let judged = rows.iter().filter(|row| !row.is_stopped());
        judged.for_each(|row| self.step(row.is_ok()));
        let mut mutants: Vec<Value> = read(&folder.join("mutants.json"))?;
        mutants.extend(read::<Value>(&folder.join("weaken.json"))?);
        mutants.iter().for_each(|mutant| self.step(mutant["fault"].is_null()));
        let mut runs: Vec<Value> = read(&folder.join(sanitize::REPORT))?;
        for report in [fuzz_pool::REPORT, miri::REPORT, cross::REPORT] {
            runs.extend(read::<Value>(&folder.join(report))?);
        }
        // Skips are judged by their list.
        for run in runs.iter().filter(|run| run["outcome"] != "skipped") {
            self.step(run["outcome"] == "fine");
        }
        Ok(())
    }
}

/// A list in JSON, empty where the file is missing: then the step that should have written it
/// has failed, and counts.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            serde_json::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_tests_are_counted_and_other_lines_are_not() {
        let mut tally = Tally::default();
        tally.line("test result: ok. 12 passed; 0 failed; 1 ignored; finished in 0.1s");
        tally.line("test result: FAILED. 3 passed; 2 failed; 0 ignored");
        tally.line("7 passed; 7 failed");
        tally.step(true);
        tally.step(false);
        assert_eq!(tally, Tally { passed: 16, failed: 3 });
    }
}
