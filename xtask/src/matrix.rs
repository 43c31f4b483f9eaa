//! Is every cell of the matrix there? A check that nobody registered is as good as one that failed.

use std::collections::BTreeSet;

use ledger::{Checker, Expect, Limit, Row};

/// The strategies that must pass the same scenarios. Rows of other names (twins, self-checks) are
/// free.
pub(crate) const STRATEGIES: [&str; 7] = [
    "TaggedWide",
    "TaggedPacked",
    "EpochDeferred",
    "EpochModel",
    "EpochStalled",
    "Quiescent",
    "Locked",
];

/// Scenarios of lists with a reclaimer, which not all have.
const WITH_RECLAIMER: &str = "recycle/";

/// Scenarios that the real epoch cannot run under loom, with the reason.
const EXEMPT: [(&str, &str, &str); 3] = [
    ("EpochDeferred", "pool/thread_end_flush", FORGETS),
    ("EpochDeferred", "pool/thread_end_allocate", FORGETS),
    ("EpochDeferred", "pool/thread_end_two_handles", FORGETS),
];
const FORGETS: &str = "a forgotten handle's registration is leaked, and loom fails on leaks";

/// Scenarios that wait by yielding: a search without fairness never comes to their end.
const YIELDS: [&str; 1] = ["detached/end_census"];

/// The cells that are missing among all registered `rows`, in words.
///
/// A scenario that one strategy runs under a checker, all must run; sampled ones as deep. Loom may
/// look less far where a strategy has more steps, but what it exhausts shuttle must exhaust too.
pub(crate) fn missing(rows: &[Row]) -> Vec<String> {
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.expect == Expect::Pass && STRATEGIES.contains(&&*row.strategy))
        .filter(|row| !row.scenario.starts_with(WITH_RECLAIMER))
        .collect();
    let cell = |row: &Row| match row.checker {
        Checker::Loom => format!("{}/{}/{}", row.strategy, row.scenario, row.checker),
        _ => row.key(),
    };
    let registered: BTreeSet<String> = rows.iter().map(|row| cell(row)).collect();
    let wanted = rows.iter().flat_map(|row| {
        let is_exempt = |strategy: &&str| {
            let named = |(of, scenario, _): &(&str, &str, &str)| {
                of == strategy && *scenario == row.scenario
            };
            row.checker == Checker::Loom && EXEMPT.iter().any(named)
        };
        let of_strategy =
            |strategy: &&str| Row { strategy: strategy.to_string(), ..Row::clone(row) };
        let is_searched = row.checker == Checker::Loom
            && row.bound == Limit::Unbounded
            && !YIELDS.contains(&&*row.scenario);
        let twin = is_searched.then(|| Row { checker: Checker::ShuttleDfs, ..Row::clone(row) });
        let all = STRATEGIES.iter().filter(|strategy| !is_exempt(strategy)).map(of_strategy);
        all.chain(twin).map(|row| cell(&row)).collect::<Vec<_>>()
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
        assert_eq!(
            missing(&rows),
            ["TaggedWide/pop_push/loom", "TaggedWide/pop_push/shuttle-dfs/unbounded"]
        );
    }
}
