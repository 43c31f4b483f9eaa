//! Counts against those that were kept: equal, or named.

use std::collections::BTreeSet;

use anyhow::Result;
use atomics::{Kind, Path, Row};

/// What is kept: a row in each line, so that a change shows as the lines that it changes.
///
/// # Errors
/// None that is expected.
pub(super) fn to_text(rows: &[Row]) -> Result<String> {
    let lines: Vec<String> = rows.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// What is not as it was kept, in words.
pub(super) fn differences(kept: &[Row], now: &[Row]) -> Vec<String> {
    let keys: BTreeSet<_> = kept.iter().chain(now).map(key).collect();
    let of_key = |key @ (path, subject)| match (find(kept, key), find(now, key)) {
        (Some(kept), Some(now)) => of_row(kept, now),
        (Some(_), None) => vec![format!("{subject}: {path} was kept, and is gone")],
        _ => vec![format!("{subject}: {path} is new")],
    };
    let mut all: Vec<String> = keys.into_iter().flat_map(of_key).collect();
    if all.is_empty() && kept != now {
        all.push("the same rows in another order, or some of them twice".into());
    }
    all
}

fn key(row: &Row) -> (Path, &str) {
    (row.path, &row.subject)
}

fn find<'r>(rows: &'r [Row], wanted: (Path, &str)) -> Option<&'r Row> {
    rows.iter().find(|row| key(row) == wanted)
}

fn of_row(kept: &Row, now: &Row) -> Vec<String> {
    let mut changed = Vec::new();
    let mut compare = |what: String, before: u64, after: u64| {
        if before != after {
            changed.push(format!("{}: {}: {what} from {before} to {after}", now.subject, now.path));
        }
    };
    compare("operations".into(), kept.operations, now.operations);
    compare("blocks".into(), kept.blocks, now.blocks);
    let sites: BTreeSet<&String> = kept.accesses.keys().chain(now.accesses.keys()).collect();
    for site in sites {
        for kind in Kind::ALL {
            let count =
                |row: &Row| row.accesses.get(site).and_then(|kinds| kinds.get(&kind)).copied();
            compare(format!("{kind} at {site}"), count(kept).unwrap_or(0), count(now).unwrap_or(0));
        }
    }
    if kept.rule != now.rule {
        changed.push(format!("{}: {}: another rule", now.subject, now.path));
    }
    changed
}

#[cfg(test)]
mod tests {
    use atomics::{NO_SITE, Rule};

    use super::*;

    fn rows() -> Vec<Row> {
        let mut refill = Row::new(Path::Refill, "pool", Rule::Kept);
        (refill.operations, refill.blocks) = (2, 128);
        refill.add(Kind::Load, "FL-5");
        refill.add(Kind::Cas, "FL-8");
        let mut hit = Row::new(Path::HitFree, "pool", Rule::Free);
        hit.operations = 1;
        vec![hit, refill]
    }

    #[test]
    fn what_is_kept_is_read_as_it_was() {
        let text = to_text(&rows()).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(serde_json::from_str::<Vec<Row>>(&text).unwrap(), rows());
        assert_eq!(differences(&rows(), &rows()), Vec::<String>::new());
    }

    #[test]
    fn each_change_is_named() {
        type Change = fn(&mut Vec<Row>);
        let changes: [(Change, &str); 9] = [
            (|rows| rows[1].add(Kind::Load, "FL-5"), "pool: refill: load at FL-5 from 1 to 2"),
            (|rows| rows[1].add(Kind::FailedCas, "FL-9"), "failed CAS at FL-9 from 0 to 1"),
            (|rows| rows[0].add(Kind::Lock, NO_SITE), "pool: hit, free: lock at - from 0 to 1"),
            (|rows| _ = rows[1].accesses.remove("FL-8"), "CAS at FL-8 from 1 to 0"),
            (|rows| rows[1].operations = 3, "operations from 2 to 3"),
            (|rows| rows[1].blocks = 64, "blocks from 128 to 64"),
            (|rows| rows[0].rule = Rule::Kept, "pool: hit, free: another rule"),
            (|rows| _ = rows.remove(0), "pool: hit, free was kept, and is gone"),
            (|rows| rows[0].subject = "other".into(), "other: hit, free is new"),
        ];
        for (change, words) in changes {
            let mut now = rows();
            change(&mut now);
            let found = differences(&rows(), &now);
            assert!(found.iter().any(|line| line.contains(words)), "{words}: {found:?}");
        }
    }

    #[test]
    fn fewer_accesses_and_another_order_are_differences_too() {
        let mut now = rows();
        now[1].accesses.clear();
        assert_eq!(differences(&rows(), &now).len(), 2);
        let turned: Vec<Row> = rows().into_iter().rev().collect();
        assert_eq!(differences(&rows(), &turned).len(), 1);
    }
}
