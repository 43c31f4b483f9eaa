//! Is every cell of the matrix there? A check that nobody registered is as good as one that failed.

use std::collections::BTreeSet;

use ledger::{Checker, Expect, Limit, Row};

/// The strategies that must pass the same scenarios. Rows of other names (twins, self-checks) are
/// free.
pub(crate) const STRATEGIES: [&str; 3] = ["TaggedWide", "TaggedPacked", "Locked"];

/// The cells that are missing among all registered `rows`, in words.
pub(crate) fn missing(rows: &[Row]) -> Vec<String> {
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.expect == Expect::Pass && STRATEGIES.contains(&&*row.strategy))
        .collect();
    let registered: BTreeSet<String> = rows.iter().map(|row| row.key()).collect();
    let wanted = rows.iter().flat_map(|row| {
        let of_strategy =
            |strategy: &&str| Row { strategy: strategy.to_string(), ..Row::clone(row) };
        let twin = (row.checker == Checker::Loom && row.bound == Limit::Unbounded)
            .then(|| Row { checker: Checker::ShuttleDfs, ..Row::clone(row) });
        STRATEGIES.iter().map(of_strategy).chain(twin).map(|row| row.key()).collect::<Vec<_>>()
    });
    let missing: BTreeSet<String> = wanted.filter(|key| !registered.contains(key)).collect();
    missing.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(strategy: &str, checker: Checker) -> Row {
        Row::not_run(strategy, "pop_push", checker, 0, Limit::Unbounded, Expect::Pass)
    }

    #[test]
    fn every_strategy_and_its_ground_truth_must_be_there() {
        let mut rows: Vec<Row> = STRATEGIES
            .iter()
            .flat_map(|s| [row(s, Checker::Loom), row(s, Checker::ShuttleDfs)])
            .collect();
        rows.push(row("self", Checker::Loom));
        assert_eq!(missing(&rows), Vec::<String>::new());
        rows.remove(1);
        assert_eq!(missing(&rows), ["TaggedWide/pop_push/shuttle-dfs/unbounded"]);
        rows.remove(0);
        assert_eq!(missing(&rows).len(), 2);
    }
}
