//! A schedule that fails, as a file.

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Case;
use crate::oracle::violation::Violation;
use crate::place::replace;

/// The version that this build writes and reads.
pub const FORMAT: u64 = 1;
/// What the file says that it is.
const KIND: &str = "stampool schedule";

/// A case, which threads are interrupted when, and the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// [`KIND`].
    kind: String,
    /// [`FORMAT`].
    format: u64,
    /// What is run.
    pub case: Case,
    /// Where threads are interrupted.
    pub switches: Vec<Switch>,
    /// What is found.
    pub expected: Finding,
}

/// Before its access number `step`, `thread` is interrupted and `to` goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Who is interrupted.
    pub thread: usize,
    /// When, counted in its own accesses from 1.
    pub step: u64,
    /// Who goes on.
    pub to: usize,
}

/// What was found, in words that are the same in each process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The violation, without addresses.
    pub violation: String,
    /// The thread that found it, and the last of its accesses before; null where all had ended.
    pub at: Option<(usize, u64)>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((thread, step)) => {
                write!(f, "{} (seen by thread {thread} after step {step})", self.violation)
            }
            None => write!(f, "{} (seen when all had ended)", self.violation),
        }
    }
}

/// A violation in its words, without addresses, which differ from process to process.
pub fn nameless(violation: &Violation) -> String {
    let text = violation.to_string();
    let mut parts = text.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "_" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
    })
}

/// Why a file is no schedule.
#[derive(Debug)]
pub enum Unreadable {
    /// The system says so.
    Io(std::io::Error),
    /// It is something else.
    Foreign,
    /// It comes from a newer version.
    Newer(u64),
    /// It is damaged.
    Damaged(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Foreign => f.write_str("no schedule of this harness"),
            Self::Newer(format) => {
                write!(f, "a schedule of format {format}, this build reads format {FORMAT}")
            }
            Self::Damaged(what) => write!(f, "a damaged schedule: {what}"),
        }
    }
}

impl core::error::Error for Unreadable {}

impl Schedule {
    /// What `case` and `switches` lead to. Each thread's switches are in the order of their steps.
    pub fn new(case: Case, switches: Vec<Switch>, expected: Finding) -> Self {
        Self { kind: KIND.to_owned(), format: FORMAT, case, switches, expected }
    }

    /// Reads one from a file's text.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| Unreadable::Damaged(error.to_string()))?;
        if value.get("kind").and_then(|kind| kind.as_str()) != Some(KIND) {
            return Err(Unreadable::Foreign);
        }
        match value.get("format").and_then(|format| format.as_u64()) {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(Unreadable::Newer(newer)),
            _ => return Err(Unreadable::Damaged("it has no format".to_owned())),
        }
        let schedule: Self = serde_json::from_value(value)
            .map_err(|error| Unreadable::Damaged(error.to_string()))?;
        schedule.case.sound().map_err(Unreadable::Damaged)?;
        let threads = schedule.case.threads;
        let known = |switch: &Switch| switch.thread < threads && switch.to < threads;
        if !schedule.switches.iter().all(known) {
            return Err(Unreadable::Damaged(format!("a switch of none of {threads} threads")));
        }
        if schedule.switches.iter().any(|switch| switch.step == 0) {
            return Err(Unreadable::Damaged("a switch at step 0; steps count from 1".to_owned()));
        }
        if !schedule.switches.is_sorted_by_key(|switch| (switch.thread, switch.step)) {
            return Err(Unreadable::Damaged("switches out of order".to_owned()));
        }
        Ok(schedule)
    }

    /// Reads one from a file.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        Self::parse(&fs::read_to_string(path).map_err(Unreadable::Io)?)
    }

    /// Writes it into `folder`, under a name that says what it is.
    ///
    /// # Errors
    /// The system's.
    pub fn save(&self, folder: &Path) -> std::io::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let Case { mutant, seed, .. } = &self.case;
        let path = folder.join(format!("{}-{seed}.json", mutant.name()));
        replace(&path, &self.json())?;
        Ok(path)
    }

    /// What [`save`](Self::save) writes.
    ///
    /// # Panics
    /// Never: it is plain structs.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain structs serialise") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::Mutant;
    use crate::strategies::STRATEGIES;

    fn schedule() -> Schedule {
        let case = Case {
            mutant: Mutant::Untagged,
            strategy: STRATEGIES[0].name.to_owned(),
            scenario: Case::scenario_of(Mutant::Untagged).to_owned(),
            threads: 2,
            ops: 10,
            batch: 1,
            block_size: 64,
            seed: 7,
            checked: true,
        };
        let expected = Finding { violation: "broken".to_owned(), at: Some((1, 5)) };
        Schedule::new(case, vec![Switch { thread: 0, step: 3, to: 1 }], expected)
    }

    fn text() -> String {
        serde_json::to_string(&schedule()).expect("JSON")
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Schedule::parse(&text()).expect("reads"), schedule());
        let folder = std::env::temp_dir().join(format!("schedules-{}", std::process::id()));
        let path = schedule().save(&folder).expect("saved");
        assert_eq!(Schedule::open(&path).expect("reads"), schedule());
        fs::remove_dir_all(&folder).expect("ours");
        assert!(matches!(Schedule::open(&path), Err(Unreadable::Io(_))));
    }

    #[test]
    fn foreign_newer_and_damaged_files_are_told_apart() {
        let spoilt = |from: &str, to: &str| {
            let spoilt = text().replacen(from, to, 1);
            assert_ne!(spoilt, text(), "{from}");
            Schedule::parse(&spoilt)
        };
        assert!(matches!(Schedule::parse("{}"), Err(Unreadable::Foreign)));
        assert!(matches!(Schedule::parse("not JSON"), Err(Unreadable::Damaged(_))));
        assert!(matches!(spoilt("stampool schedule", "a song"), Err(Unreadable::Foreign)));
        assert!(matches!(spoilt("\"format\":1", "\"format\":2"), Err(Unreadable::Newer(2))));
        for (from, to) in [
            ("\"format\":1", "\"format\":0"),
            ("\"untagged\"", "\"unbroken\""),
            ("sawtooth", "names"),
            ("sawtooth", "sawtoots"),
            ("\"threads\":2", "\"threads\":1"),
            ("\"threads\":2", "\"threads\":65"),
            ("\"ops\":10", "\"ops\":0"),
            ("\"ops\":10", "\"ops\":-1"),
            ("\"batch\":1", "\"batch\":5000"),
            ("\"block_size\":64", "\"block_size\":0"),
            ("\"checked\":true", "\"checked\":true,\"more\":1"),
            ("\"to\":1", "\"to\":2"),
            ("\"step\":3", "\"step\":0"),
        ] {
            let error = spoilt(from, to).expect_err(to);
            assert!(matches!(error, Unreadable::Damaged(_)), "{to}: {error}");
            assert_eq!(error.to_string().lines().count(), 1, "{to}");
        }
        for length in 0..text().len() {
            assert!(Schedule::parse(&text()[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_violation_is_told_without_addresses() {
        let violation = Violation::Overlap { low: 0x7f00, high: 0x7f0a, size: 64 };
        assert_eq!(nameless(&violation), "blocks _ and _ of 64 bytes overlap");
    }
}
