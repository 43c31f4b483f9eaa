//! Checks that every cell of the matrix is registered. A missing check counts as a failed one.

use std::collections::BTreeSet;

use ledger::{Checker, Expect, Limit, Row};
use stampool::raw::STRATEGIES;

/// The specification models that run the same scenarios as a strategy, and stand for it where it
/// has too many executions itself.
const MODELS: [(&str, &[&str]); 1] = [("EpochDeferred", &["EpochModel", "EpochStalled"])];

/// The models that stand for a strategy.
pub(crate) fn models_of(strategy: &str) -> &'static [&'static str] {
    MODELS.iter().find(|(of, _)| *of == strategy).map_or(&[], |(_, models)| models)
}

/// The strategies that must pass the same scenarios, each with its models behind it. Rows of other
/// names (twins, self-checks) are free.
pub(crate) fn strategies() -> Vec<&'static str> {
    let with_models = |name| [name].into_iter().chain(models_of(name).iter().copied());
    STRATEGIES.iter().copied().flat_map(with_models).collect()
}

/// Scenarios of lists with a reclaimer, which not all have.
const WITH_RECLAIMER: &str = "recycle/";

/// Scenarios that the real epoch cannot run under loom, with the reason.
const EXEMPT: [(&str, &str, &str); 3] = [
    ("EpochDeferred", "pool/thread_end_flush", FORGETS),
    ("EpochDeferred", "pool/thread_end_allocate", FORGETS),
    ("EpochDeferred", "pool/thread_end_two_handles", FORGETS),
];
const FORGETS: &str = "a forgotten handle's registration is leaked, and loom fails on leaks";

/// The real epoch, which runs on the atomics of a package that is called loom, and not on porf's.
const NOT_UNDER_PORF: &str = "EpochDeferred";

/// Scenarios that porf runs for some strategies alone, with the reason.
const SOME_UNDER_PORF: [(&str, &str); 5] = [
    ("mediator/shards_behind_two_looks", "145,000 executions for one; shuttle samples it for all"),
    ("exact/grow_grow", "an epoch needs caches"),
    ("progress/leave_leave_attach_bare", TWO_MAY_WAIT),
    ("progress/offer_offer_request", TWO_MAY_WAIT),
    ("progress/offer_request_request", TWO_MAY_WAIT),
];
const TWO_MAY_WAIT: &str = "elsewhere two threads may wait at once, which no expectation describes";

/// Scenarios that wait by yielding: a search without fairness never comes to their end.
const YIELDS: [&str; 1] = ["detached/end_census"];

/// The cells that are missing among all registered `rows`, in words.
///
/// A scenario that one strategy runs under a checker, all must run; sampled ones as deep. Loom may
/// look less far where a strategy has more steps, but what it exhausts shuttle must exhaust too.
pub(crate) fn missing(rows: &[Row]) -> Vec<String> {
    let strategies = strategies();
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.expect == Expect::Pass && strategies.contains(&&*row.strategy))
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
            match row.checker {
                Checker::Loom => EXEMPT.iter().any(named),
                Checker::Porf => {
                    let some = |(scenario, _): &(&str, &str)| *scenario == row.scenario;
                    *strategy == NOT_UNDER_PORF || SOME_UNDER_PORF.iter().any(some)
                }
                _ => false,
            }
        };
        let of_strategy =
            |strategy: &&str| Row { strategy: strategy.to_string(), ..Row::clone(row) };
        let is_searched = row.checker == Checker::Loom
            && row.bound == Limit::Unbounded
            && !YIELDS.contains(&&*row.scenario);
        let counterpart =
            is_searched.then(|| Row { checker: Checker::ShuttleDfs, ..Row::clone(row) });
        let all = strategies.iter().filter(|strategy| !is_exempt(strategy)).map(of_strategy);
        all.chain(counterpart).map(|row| cell(&row)).collect::<Vec<_>>()
    });
    let missing: BTreeSet<String> = wanted.filter(|key| !registered.contains(key)).collect();
    missing.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn porf_runs_all_strategies_but_the_real_epoch() {
        let all = strategies().into_iter().filter(|strategy| *strategy != NOT_UNDER_PORF);
        let mut rows: Vec<Row> = all.map(|strategy| row(strategy, Checker::Porf)).collect();
        assert_eq!(missing(&rows), Vec::<String>::new());
        let key = rows.pop().expect("there are strategies").key();
        assert_eq!(missing(&rows), [key]);
    }

    fn row(strategy: &str, checker: Checker) -> Row {
        Row::not_run(strategy, "pop_push", checker, 0, Limit::Unbounded, Expect::Pass)
    }

    #[test]
    fn models_stand_for_strategies_that_there_are() {
        for (strategy, models) in MODELS {
            assert!(STRATEGIES.contains(&strategy), "{strategy}");
            assert!(models.iter().all(|model| !STRATEGIES.contains(model)), "{models:?}");
        }
    }

    #[test]
    fn what_is_exempt_is_a_strategy() {
        for (strategy, ..) in EXEMPT {
            assert!(STRATEGIES.contains(&strategy), "{strategy}");
        }
    }

    #[test]
    fn every_strategy_and_its_ground_truth_must_be_there() {
        let mut rows: Vec<Row> = strategies()
            .into_iter()
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
