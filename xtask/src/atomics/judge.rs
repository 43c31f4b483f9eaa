//! What must be, whatever was kept.

use anyhow::{Result, ensure};
use atomics::{Kind, Mutant, NO_SITE, Row, Rule};

/// Makes sure that hits which are to be free are. Returns how many rows that was.
///
/// # Errors
/// Where one of them accesses anything, or there is none.
pub(super) fn free(rows: &[Row]) -> Result<usize> {
    let hits: Vec<&Row> = rows.iter().filter(|row| row.rule == Rule::Free).collect();
    ensure!(!hits.is_empty(), "no hit was counted");
    for hit in &hits {
        check(hit)?;
    }
    Ok(hits.len())
}

fn check(hit: &Row) -> Result<()> {
    ensure!(hit.operations > 0, "{}: {} was not counted", hit.subject, hit.path);
    ensure!(
        hit.total() == 0,
        "{}: {} must access nothing: {:?} in {} operations",
        hit.subject,
        hit.path,
        hit.accesses,
        hit.operations
    );
    Ok(())
}

/// Makes sure that one access more, of each kind, is seen in every operation, and found guilty.
///
/// # Errors
/// Where it is not.
pub(super) fn mutants(mutants: &[Mutant]) -> Result<()> {
    let kinds: Vec<Kind> = mutants.iter().map(|mutant| mutant.kind).collect();
    ensure!(kinds == Kind::ALL, "a mutant for each kind, not {kinds:?}");
    for Mutant { kind, row } in mutants {
        let seen = row.accesses.get(NO_SITE).and_then(|kinds| kinds.get(kind));
        let is_all = row.total() == row.operations;
        ensure!(
            seen == Some(&row.operations) && is_all && check(row).is_err(),
            "a hit with one {kind} more must be counted as such, the count is blind: {row:?}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use atomics::Path;

    use super::*;

    fn hit(rule: Rule, accesses: &[Kind]) -> Row {
        let mut row = Row::new(Path::HitFree, "pool", rule);
        row.operations = 1;
        accesses.iter().for_each(|kind| row.add(*kind, NO_SITE));
        row
    }

    #[test]
    fn one_access_of_any_kind_is_too_many() {
        let good = hit(Rule::Free, &[]);
        let kept = hit(Rule::Kept, &[Kind::Load]);
        assert_eq!(free(&[good.clone(), kept.clone()]).unwrap(), 1);
        for kind in Kind::ALL {
            let bad = hit(Rule::Free, &[kind]);
            assert!(free(&[good.clone(), bad]).is_err(), "{kind}");
        }
        assert!(free(&[kept]).is_err(), "nothing was to be free");
        assert!(free(&[Row { operations: 0, ..good }]).is_err(), "nothing was counted");
    }

    #[test]
    fn a_mutant_that_is_not_seen_is_a_failure() {
        let all = || -> Vec<Mutant> {
            let mutant = |kind| Mutant { kind, row: hit(Rule::Free, &[kind]) };
            Kind::ALL.into_iter().map(mutant).collect()
        };
        mutants(&all()).unwrap();
        let with = |row| {
            let mut all = all();
            all[0].row = row;
            mutants(&all)
        };
        assert!(with(hit(Rule::Free, &[])).is_err(), "unseen");
        assert!(with(hit(Rule::Free, &[Kind::Store])).is_err(), "taken for another kind");
        assert!(with(hit(Rule::Free, &[Kind::Load; 2])).is_err(), "seen twice");
        assert!(with(hit(Rule::Free, &[Kind::Load, Kind::Store])).is_err(), "and something else");
        assert!(mutants(&all()[1..]).is_err(), "one is missing");
    }
}
