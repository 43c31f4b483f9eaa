//! The ledger: one [`Row`] for every check that was run.
//!
//! A small crate of its own, so that `xtask` can read what the checkers wrote without building a
//! checker. A row starts out [`Broken`](Verdict::Broken); only a judge that has seen the whole run
//! makes it [`Ok`](Verdict::Ok), so a check that never ran cannot pass for one that did. A deep row
//! that came to its time limit is [`Stopped`](Verdict::Stopped): no fault so far, and no pass.

mod digest;

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use digest::{digest, hash, of_outcomes};

/// Rows of this tier and above run for hours, in deep runs alone. One that comes to its time limit
/// is [`Stopped`](Verdict::Stopped), where a row of a lower tier is broken.
pub const DEEP_TIER: u8 = 3;

/// What ran the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checker {
    /// loom: all executions of the memory model that loom knows, weak orderings included.
    Loom,
    /// porf: all executions of RC11, as graphs.
    Porf,
    /// shuttle's depth-first search: all sequentially consistent schedules.
    ShuttleDfs,
    /// shuttle's PCT: random schedules with a bounded number of priority changes.
    ShuttlePct,
    /// shuttle's random walk.
    ShuttleRandom,
    /// The differential fuzzer that compares loom with shuttle's depth-first search.
    Fuzz,
}

impl fmt::Display for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Loom => "loom",
            Self::Porf => "porf",
            Self::ShuttleDfs => "shuttle-dfs",
            Self::ShuttlePct => "shuttle-pct",
            Self::ShuttleRandom => "shuttle-random",
            Self::Fuzz => "fuzz",
        })
    }
}

/// How far a check looked: everywhere, or up to a number that the checker gives its meaning
/// (loom: preemptions; PCT: depth; random and fuzz: how many).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// No bound; `"unbounded"` in JSON.
    Unbounded,
    /// A bound; a number in JSON.
    Bounded(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbounded => f.pad("unbounded"),
            Self::Bounded(n) => f.pad(&n.to_string()),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unbounded => serializer.serialize_str("unbounded"),
            Self::Bounded(n) => serializer.serialize_u64(*n),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Number(u64),
            Word(String),
        }
        match Raw::deserialize(deserializer)? {
            Raw::Number(n) => Ok(Self::Bounded(n)),
            Raw::Word(word) if word == "unbounded" => Ok(Self::Unbounded),
            Raw::Word(word) => {
                Err(de::Error::custom(format!("`{word}` is neither a number nor `unbounded`")))
            }
        }
    }
}

/// What a check must do to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Correct code: every execution must be right.
    Pass,
    /// A twin with a known fault: the checker must find it.
    Fail,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Passed, or failed as it must.
    Ok,
    /// A deep row that saw nothing wrong up to its time limit. It is not finished: nothing is
    /// exhausted, and nothing is passed.
    Stopped,
    /// Anything else, "was not run" included.
    Broken,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The strategy or structure under check.
    pub strategy: String,
    /// The named scenario, or the named twin.
    pub scenario: String,
    /// What ran it.
    pub checker: Checker,
    /// How often it runs: tiers 0 to 2 in every run, tier 3 only in a deep one.
    pub tier: u8,
    /// How far it looked.
    pub bound: Limit,
    /// Executions explored.
    pub executions: u64,
    /// The most events that an execution had; 0 if the checker does not count events.
    #[serde(default)]
    pub events: usize,
    /// Outcomes in the specification's set; 0 where an oracle in the body judges instead.
    pub outcomes_expected: usize,
    /// Distinct outcomes seen.
    pub outcomes_seen: usize,
    /// [`of_outcomes`] of what was seen and how often; empty where there was nothing to count.
    #[serde(default)]
    pub outcomes_digest: String,
    /// Wall time.
    pub seconds: f64,
    /// What it must do.
    pub expect: Expect,
    /// What came of it.
    pub verdict: Verdict,
    /// Why it is broken, or how a twin was caught.
    pub detail: String,
}

impl Row {
    /// A row for a check that has not been run.
    #[must_use]
    pub fn not_run(
        strategy: impl Into<String>,
        scenario: impl Into<String>,
        checker: Checker,
        tier: u8,
        bound: Limit,
        expect: Expect,
    ) -> Self {
        Self {
            strategy: strategy.into(),
            scenario: scenario.into(),
            checker,
            tier,
            bound,
            executions: 0,
            events: 0,
            outcomes_expected: 0,
            outcomes_seen: 0,
            outcomes_digest: String::new(),
            seconds: 0.0,
            expect,
            verdict: Verdict::Broken,
            detail: "not run".into(),
        }
    }

    /// The name by which one check is asked for: `strategy/scenario/checker/bound`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.strategy, self.scenario, self.checker, self.bound)
    }

    /// Whether the check did what it must.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    /// Whether it was stopped at its time limit with nothing wrong so far.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.verdict == Verdict::Stopped
    }

    /// Whether a fault was found, or nothing can be said.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.verdict == Verdict::Broken
    }

    /// Whether the word may be said: an unbounded search of correct code that finished.
    ///
    /// Means "all executions that this checker models": see [`Checker`].
    #[must_use]
    pub fn is_exhaustive(&self) -> bool {
        self.is_ok()
            && self.expect == Expect::Pass
            && self.bound == Limit::Unbounded
            && matches!(self.checker, Checker::Loom | Checker::Porf | Checker::ShuttleDfs)
    }
}

/// Sorts rows as the ledger shows them: by strategy, scenario, checker, then bound.
pub fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| {
        (&a.strategy, &a.scenario, a.checker, a.bound).cmp(&(
            &b.strategy,
            &b.scenario,
            b.checker,
            b.bound,
        ))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::not_run("tagged", "pop_push", Checker::ShuttleDfs, 0, Limit::Unbounded, Expect::Pass)
    }

    #[test]
    fn json_has_the_documented_words() {
        let json = serde_json::to_value(row()).unwrap();
        assert_eq!(json["checker"], "shuttle-dfs");
        assert_eq!(json["bound"], "unbounded");
        assert_eq!(json["expect"], "pass");
        assert_eq!(json["verdict"], "broken");
        let bounded = Row { bound: Limit::Bounded(3), ..row() };
        assert_eq!(serde_json::to_value(&bounded).unwrap()["bound"], 3);
        let back: Row = serde_json::from_value(serde_json::to_value(&bounded).unwrap()).unwrap();
        assert_eq!(back, bounded);
        assert!(serde_json::from_value::<Limit>("unbouned".into()).is_err());
    }

    #[test]
    fn stopped_is_neither_ok_nor_broken() {
        let stopped = Row { verdict: Verdict::Stopped, ..row() };
        assert_eq!(
            (stopped.is_ok(), stopped.is_stopped(), stopped.is_broken()),
            (false, true, false)
        );
        assert_eq!(serde_json::to_value(&stopped).unwrap()["verdict"], "stopped");
    }

    #[test]
    fn exhaustive_is_said_of_finished_unbounded_passes_only() {
        let ok = Row { verdict: Verdict::Ok, ..row() };
        assert!(ok.is_exhaustive());
        assert!(!row().is_exhaustive());
        assert!(!Row { verdict: Verdict::Stopped, ..row() }.is_exhaustive());
        assert!(!Row { bound: Limit::Bounded(3), ..ok.clone() }.is_exhaustive());
        assert!(!Row { expect: Expect::Fail, ..ok.clone() }.is_exhaustive());
        assert!(!Row { checker: Checker::Fuzz, ..ok }.is_exhaustive());
    }
}
