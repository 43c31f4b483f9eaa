//! Are two ledgers equal, row by row?
//!
//! loom's and shuttle's searches are deterministic, and the samples have fixed seeds, so a row's
//! verdict, limit, executions and outcomes (which, and how often each) must be equal. Of samples
//! that pass this says little, for every schedule may end in the same outcome; where a twin is
//! caught, the number of the schedule that caught it must be equal, too. A row that was stopped at
//! its time limit has as many executions as the machine was fast: only that it was stopped is
//! compared. Times and details are not.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Row;

/// What is not equal, one line per row.
pub(super) fn differences(a: &[Row], b: &[Row]) -> Vec<String> {
    let by_key = |rows: &[Row]| -> BTreeMap<String, Row> {
        rows.iter().map(|row| (row.key(), row.clone())).collect()
    };
    let (a, b) = (by_key(a), by_key(b));
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let difference = |key: &String| match (a.get(key), b.get(key)) {
        (Some(_), None) => Some(format!("{key}: only in the first")),
        (None, Some(_)) => Some(format!("{key}: only in the second")),
        (Some(a), Some(b)) => {
            let (a, b) = (evidence(a), evidence(b));
            (a != b).then(|| format!("{key}: {a} against {b}"))
        }
        (None, None) => None,
    };
    keys.into_iter().filter_map(difference).collect()
}

/// What must repeat, in words.
fn evidence(row: &Row) -> String {
    let verdict = format!("{:?}, to {:?}, tier {}", row.verdict, row.expect, row.tier);
    if row.is_stopped() {
        return verdict;
    }
    format!(
        "{verdict}, {} executions, {}/{} outcomes ({})",
        row.executions, row.outcomes_seen, row.outcomes_expected, row.outcomes_digest
    )
}

#[cfg(test)]
mod tests {
    use core::slice::from_ref;

    use ledger::Verdict;

    use super::super::file::tests::row;
    use super::*;

    #[test]
    fn times_may_differ_and_nothing_else() {
        let a = row("a");
        let later = Row { seconds: 99.0, ..a.clone() };
        assert_eq!(differences(from_ref(&a), &[later]), Vec::<String>::new());
        for other in [
            Row { executions: 8, ..a.clone() },
            Row { verdict: Verdict::Broken, ..a.clone() },
            Row { verdict: Verdict::Stopped, ..a.clone() },
            Row { outcomes_digest: "e".into(), ..a.clone() },
            Row { outcomes_seen: 1, ..a.clone() },
            Row { outcomes_expected: 3, ..a.clone() },
        ] {
            assert_eq!(differences(from_ref(&a), &[other]).len(), 1);
        }
        assert_eq!(differences(from_ref(&a), &[])[0], "s/a/loom/unbounded: only in the first");
        assert_eq!(differences(&[], &[a])[0], "s/a/loom/unbounded: only in the second");
    }

    #[test]
    fn how_far_a_stopped_row_came_is_the_machine_s() {
        let stopped = |executions| Row { verdict: Verdict::Stopped, executions, ..row("a") };
        assert!(differences(&[stopped(5)], &[stopped(9)]).is_empty());
    }
}
