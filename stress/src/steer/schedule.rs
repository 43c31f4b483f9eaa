//! A schedule that fails, as a file.

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stampool::raw::sync::steer::{Mark, Preemption};

use super::{Case, Ending, Steering, play};
use crate::oracle::violation::Violation;

/// The version that this build writes and reads.
pub const FORMAT: u64 = 1;
/// What the file says that it is.
const KIND: &str = "stampool schedule";

/// A case, who is interrupted when, and what comes of it.
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

impl Finding {
    /// What a run found first.
    pub fn of(ending: &Ending) -> Option<Self> {
        let violation = ending.violations.first().filter(|_| !ending.gave_up)?;
        let at = ending.mark.map(|Mark { thread, step }| (thread, step));
        Some(Self { violation: nameless(violation), at })
    }
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
pub(super) fn nameless(violation: &Violation) -> String {
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
    /// What `case` and `preemptions` lead to.
    pub(super) fn new(case: Case, preemptions: &[Preemption], expected: Finding) -> Self {
        let switch = |p: &Preemption| Switch { thread: p.thread, step: p.step, to: p.to };
        let switches = preemptions.iter().map(switch).collect();
        Self { kind: KIND.to_owned(), format: FORMAT, case, switches, expected }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// A pool that cannot be built.
    pub fn run(&self) -> Result<Option<Finding>, crate::subject::Refused> {
        let preemption = |s: &Switch| Preemption { thread: s.thread, step: s.step, to: s.to };
        let led = Steering::Led(self.switches.iter().map(preemption).collect());
        Ok(Finding::of(&play(&self.case, &led)?))
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
        let Case { sabotage, seed, .. } = &self.case;
        let path = folder.join(format!("{}-{seed}.json", sabotage.name()));
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }
}
