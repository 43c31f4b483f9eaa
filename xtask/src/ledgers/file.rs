//! The ledger of one run, as a file: what was built, what was asked for, and every row that came
//! of it. A shard's file has the same form as the whole run's.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ledger::Row;
use serde::{Deserialize, Serialize};

use super::Shard;
use crate::common::build_id::Build;

/// Changes with the form.
const FORMAT: u32 = 1;

/// Which of the registered rows a run is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    /// Part of the key.
    pub(crate) filter: Option<String>,
    /// Tiers up to this one.
    pub(crate) tier: u8,
    /// For each deep row.
    pub(crate) deep_limit_s: u64,
}

/// What a run was to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// What was checked.
    pub(crate) build: Build,
    /// Which rows all shards together run.
    pub(crate) selection: Selection,
    /// Which of those this run has.
    pub(crate) shard: Shard,
    /// The keys of all rows of the build, sorted.
    pub(crate) registered: Vec<String>,
    /// The keys of the rows that all shards together run, sorted.
    pub(crate) asked: Vec<String>,
}

impl Plan {
    /// Without the commit: where sources and binaries are the same, a commit that changed
    /// neither (a text, say) makes no other run.
    pub(crate) fn identity(&self) -> Self {
        let build = Build { commit: String::new(), ..self.build.clone() };
        Self { build, ..self.clone() }
    }

    /// One text per plan.
    pub(crate) fn digest(&self) -> String {
        ledger::digest([&*serde_json::to_vec(self).expect("a plan is plain data")])
    }
}

/// The ledger of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    format: u32,
    /// What was to be done.
    pub(crate) plan: Plan,
    /// What was done, sorted.
    pub(crate) rows: Vec<Row>,
    /// Of all the above, times aside: those are no evidence, and may be rounded by a reader.
    digest: String,
}

impl Ledger {
    /// A finished run's.
    pub(crate) fn new(plan: Plan, mut rows: Vec<Row>) -> Self {
        ledger::sort(&mut rows);
        let mut ledger = Self { format: FORMAT, plan, rows, digest: String::new() };
        ledger.digest = ledger.compute_digest();
        ledger
    }

    fn compute_digest(&self) -> String {
        let timeless = |row: &Row| Row { seconds: 0.0, ..row.clone() };
        let rows: Vec<Row> = self.rows.iter().map(timeless).collect();
        let rows = serde_json::to_vec(&rows).expect("rows are plain data");
        ledger::digest([&self.format.to_le_bytes()[..], self.plan.digest().as_bytes(), &rows])
    }

    /// Reads a file and refuses one that was cut, changed, or is something else.
    ///
    /// # Errors
    /// As said.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no whole ledger", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let ledger: Self = serde_json::from_str(text)?;
        ensure!(ledger.format == FORMAT, "format {}, not {FORMAT}", ledger.format);
        ensure!(ledger.digest == ledger.compute_digest(), "its digest does not fit its content");
        Ok(ledger)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, &(serde_json::to_string_pretty(self)? + "\n"))
    }
}

/// Writes `text` beside `path` and renames it: nobody ever sees half of it.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("part");
    let write = || {
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use ledger::{Checker, Expect, Limit, Verdict};

    use super::*;

    pub(crate) fn row(scenario: &str) -> Row {
        let row = Row::not_run("s", scenario, Checker::Loom, 0, Limit::Unbounded, Expect::Pass);
        Row {
            executions: 7,
            outcomes_seen: 2,
            outcomes_expected: 2,
            outcomes_digest: "d".into(),
            seconds: 0.123_456_789_123,
            verdict: Verdict::Ok,
            detail: String::new(),
            ..row
        }
    }

    /// A plan for the rows of these scenarios.
    pub(crate) fn plan(shard: &str, scenarios: &[&str]) -> Plan {
        let build = |of: &str| of.to_string();
        let keys: Vec<String> = scenarios.iter().map(|scenario| row(scenario).key()).collect();
        Plan {
            build: Build {
                commit: build("c"),
                sources: build("s"),
                toolchain: build("t"),
                binaries: build("b"),
            },
            selection: Selection { filter: None, tier: 2, deep_limit_s: 9 },
            shard: shard.parse().unwrap(),
            registered: keys.clone(),
            asked: keys,
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_was_cut_or_changed_is_not() {
        let ledger = Ledger::new(plan("1/1", &["a", "b"]), vec![row("b"), row("a")]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.json");
        ledger.write(&path).unwrap();
        assert_eq!(Ledger::read(&path).unwrap().rows[0].scenario, "a");
        let text = fs::read_to_string(&path).unwrap();
        for cut in [0, 1, text.len() / 2, text.trim_end().len() - 1] {
            assert!(Ledger::parse(&text[..cut]).is_err(), "cut at {cut}");
        }
        for (from, to) in [
            ("\"executions\": 7", "\"executions\": 8"),
            ("\"verdict\": \"ok\"", "\"verdict\": \"stopped\""),
            ("\"shard\": \"1/1\"", "\"shard\": \"1/2\""),
            ("\"sources\": \"s\"", "\"sources\": \"t\""),
            ("\"format\": 1", "\"format\": 2"),
            ("\"scenario\": \"a\"", "\"scenario\": \"c\""),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(Ledger::parse(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
        assert!(Ledger::read(&folder.path().join("none.json")).is_err());
    }
}
