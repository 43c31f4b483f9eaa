//! What was seen against what is allowed.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use crate::explore::Exploration;

/// In what the outcomes that were seen differ from those that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Outcomes that the specification does not allow, and how many executions ended in each.
    pub extra: BTreeMap<String, u64>,
    /// Outcomes that the specification allows and no execution had.
    pub missing: BTreeSet<String>,
    /// How many executions there were.
    pub executions: u64,
    /// For outcomes that are not allowed: what to set in the environment to run an execution with
    /// that outcome alone.
    pub replays: BTreeMap<String, String>,
}

impl Difference {
    /// Compares what was seen with what is allowed.
    #[must_use]
    pub fn of(seen: &Exploration, allowed: &BTreeSet<String>) -> Self {
        let is_extra = |(outcome, _): &(&String, &u64)| !allowed.contains(*outcome);
        let is_missing = |outcome: &&String| !seen.outcomes.contains_key(*outcome);
        let extra = seen.outcomes.iter().filter(is_extra);
        Self {
            extra: extra.map(|(outcome, count)| (outcome.clone(), *count)).collect(),
            missing: allowed.iter().filter(is_missing).cloned().collect(),
            executions: seen.executions,
            replays: BTreeMap::new(),
        }
    }

    /// Of a search that need not see everything: it may miss outcomes.
    #[must_use]
    pub fn forgiving(self) -> Self {
        Self { missing: BTreeSet::new(), ..self }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.extra.is_empty() && self.missing.is_empty()
    }

    /// In one line, for a row of a table; empty if there is no difference.
    #[must_use]
    pub fn line(&self) -> String {
        let extra: Vec<&String> = self.extra.keys().collect();
        let missing: Vec<&String> = self.missing.iter().collect();
        match (&extra[..], &missing[..]) {
            ([], []) => String::new(),
            (extra, []) => format!("not allowed: {extra:?}"),
            ([], missing) => format!("not seen: {missing:?}"),
            (extra, missing) => format!("not allowed: {extra:?}; not seen: {missing:?}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { extra, missing, executions, replays } = self;
        if !extra.is_empty() {
            writeln!(f, "{} that the specification does not allow:", outcomes(extra.len()))?;
        }
        for (outcome, count) in extra {
            writeln!(f, "  {outcome}\n    in {count} of {executions} executions")?;
            if let Some(replay) = replays.get(outcome) {
                writeln!(f, "    one of them alone, with its events: {replay}")?;
            }
        }
        if !missing.is_empty() {
            writeln!(
                f,
                "{} that the specification allows and none of {executions} executions had:",
                outcomes(missing.len())
            )?;
        }
        missing.iter().try_for_each(|outcome| writeln!(f, "  {outcome}"))
    }
}

/// A number of outcomes.
fn outcomes(count: usize) -> String {
    format!("{count} outcome{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(seen: &[&str], allowed: &[&str]) -> Difference {
        let mut exploration = Exploration::default();
        seen.iter().for_each(|outcome| exploration.record(outcome.to_string()));
        Difference::of(&exploration, &allowed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn equal_sets_differ_in_nothing() {
        let same = difference(&["a", "b", "a"], &["a", "b"]);
        assert!(same.is_empty());
        assert_eq!((same.line(), same.to_string()), (String::new(), String::new()));
    }

    #[test]
    fn both_directions_are_told() {
        let mut differs = difference(&["a", "c", "c"], &["a", "b"]);
        assert_eq!(differs.line(), "not allowed: [\"c\"]; not seen: [\"b\"]");
        differs.replays.insert("c".into(), "LINE".into());
        let text = "1 outcome that the specification does not allow:\n  c\n    in 2 of 3 executions\n    \
                    one of them alone, with its events: LINE\n\
                    1 outcome that the specification allows and none of 3 executions had:\n  b\n";
        assert_eq!(differs.to_string(), text);
        assert_eq!(differs.forgiving().line(), "not allowed: [\"c\"]");
    }

    #[test]
    fn what_a_sample_misses_is_forgiven() {
        assert!(!difference(&["a"], &["a", "b"]).is_empty());
        assert!(difference(&["a"], &["a", "b"]).forgiving().is_empty());
    }
}
