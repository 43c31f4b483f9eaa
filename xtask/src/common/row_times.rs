//! `target/stampool/times.json`: how long each row took when it was last run. For estimates only:
//! no evidence, and no harm where it is missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use ledger::Row;

use crate::common::workspace;
use crate::ledgers::file::write_whole;

/// Seconds by key.
#[derive(Default)]
pub(crate) struct Times(BTreeMap<String, f64>);

impl Times {
    /// What is known.
    pub(crate) fn read() -> Self {
        let text = path().ok().and_then(|path| fs::read_to_string(path).ok());
        Self(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Seconds that the row named `key` took.
    pub(crate) fn of(&self, key: &str) -> Option<f64> {
        self.0.get(key).copied()
    }

    /// Remembers these rows, too.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn remember(mut self, rows: &[Row]) -> Result<()> {
        let known = rows.iter().filter(|row| !row.is_broken());
        self.0.extend(known.map(|row| (row.key(), row.seconds)));
        write_whole(&path()?, &(serde_json::to_string_pretty(&self.0)? + "\n"))
    }
}

fn path() -> Result<PathBuf> {
    Ok(workspace::output()?.join("times.json"))
}
