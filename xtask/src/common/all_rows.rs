//! `target/stampool/checks.json`: the rows of all checks, sorted.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ledger::Row;

use crate::common::workspace;

/// The file's path.
///
/// # Errors
/// Where its folder cannot be created.
pub(crate) fn path() -> Result<PathBuf> {
    Ok(workspace::output()?.join("checks.json"))
}

/// Replaces the rows for which `stale` holds, and those of the same names, by `rows`.
///
/// # Errors
/// Where the file cannot be written, or holds something else.
pub(crate) fn update(rows: &[Row], stale: impl Fn(&Row) -> bool) -> Result<()> {
    let path = path()?;
    let text = serde_json::to_string_pretty(&merge(read()?, rows, stale))?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

/// All rows; none where nothing has been run yet.
///
/// # Errors
/// Where the file holds something else.
pub(crate) fn read() -> Result<Vec<Row>> {
    let path = path()?;
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .with_context(|| format!("{} has no rows of checks; delete it", path.display())),
        Err(_) => Ok(Vec::new()),
    }
}

fn merge(old: Vec<Row>, new: &[Row], stale: impl Fn(&Row) -> bool) -> Vec<Row> {
    let names: HashSet<String> = new.iter().map(Row::key).collect();
    let kept = old.into_iter().filter(|row| !stale(row) && !names.contains(&row.key()));
    let mut rows: Vec<Row> = kept.chain(new.iter().cloned()).collect();
    ledger::sort(&mut rows);
    rows
}

#[cfg(test)]
mod tests {
    use ledger::{Checker, Expect, Limit};

    use super::*;

    fn row(scenario: &str, checker: Checker, executions: u64) -> Row {
        let row = Row::not_run("s", scenario, checker, 0, Limit::Unbounded, Expect::Pass);
        Row { executions, ..row }
    }

    #[test]
    fn stale_and_renewed_rows_go_and_others_stay() {
        let old = vec![
            row("gone", Checker::Loom, 1),
            row("again", Checker::Fuzz, 1),
            row("kept", Checker::Fuzz, 1),
        ];
        let new = [row("again", Checker::Fuzz, 2)];
        let merged = merge(old, &new, |row| row.checker == Checker::Loom);
        assert_eq!(merged, [row("again", Checker::Fuzz, 2), row("kept", Checker::Fuzz, 1)]);
    }
}
