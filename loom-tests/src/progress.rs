//! Progress rows: porf stops one thread for ever before each of its steps, and the others must
//! still come to their end. Each strategy runs the same scenarios, and [`WAITS`] says which
//! operation waits for a thread that is stopped in which other one, and for which lock.
//!
//! The outcomes of a row are exact: a strategy that waits where the table does not say so is as
//! wrong as one that does not wait where the table says that it does. The table in the chapter
//! `forms` of the library is made of this one.

use std::collections::BTreeSet;

/// Every progress row. There are none without porf.
#[must_use]
pub fn checks() -> Vec<crate::Check> {
    #[cfg(stampool_model = "porf")]
    return rows::all();
    #[cfg(not(stampool_model = "porf"))]
    Vec::new()
}

/// Who waits: an operation, the operation in which the other thread is stopped, and the module that
/// made the lock.
type Wait = (&'static str, &'static str, &'static str);

/// The strategies that share a line of [`WAITS`], a scenario, and who waits there. Where there is
/// no line, nobody waits.
pub const WAITS: &[(&[&str], &str, &[Wait])] = &[
    (
        &["TaggedWide", "TaggedPacked", "EpochModel", "EpochStalled", "Quiescent", "Locked"],
        "pool/attach_allocate",
        &[("Allocate", "Attach", GROWTH), ("Attach", "Allocate", GROWTH)],
    ),
    (
        &["EpochModel", "EpochStalled"],
        "mediator/split_a_large_one",
        &[("Request", "Request", "deferred")],
    ),
    (&["Quiescent"], "pool/drop_after_remote_frees", &[("Free", "Free", "quiescent")]),
    (&["Quiescent"], "mediator/split_a_large_one", &[("Request", "Request", "quiescent")]),
    (&["Locked"], "pool/allocate_free_across", ACROSS),
    (&["Locked"], "pool/flush_refill", ACROSS),
    (&["Locked"], "pool/wide_flush_refill", ACROSS),
    (&["Locked"], "pool/shards_steal", ACROSS),
    (&["Locked"], "pool/drop_after_remote_frees", &[("Free", "Free", "locked")]),
    (
        &["Locked"],
        "pool/leave_allocate",
        &[("Allocate", "Leave", "locked"), ("Leave", "Allocate", "locked")],
    ),
    (&["Locked"], "mediator/offer_request", OFFER_REQUEST),
    (&["Locked"], "mediator/offer_request_many", OFFER_REQUEST),
    (&["Locked"], "mediator/split_a_large_one", &[("Request", "Request", "locked")]),
];

/// The growth lock is made in `src/pool/shared.rs`.
const GROWTH: &str = "shared";

const ACROSS: &[Wait] = &[("Allocate", "Free", "locked"), ("Free", "Allocate", "locked")];

const OFFER_REQUEST: &[Wait] = &[("Offer", "Request", "locked"), ("Request", "Offer", "locked")];

/// The lines of the table in the chapter `forms`: strategy, who waits, whom for, and which lock.
#[must_use]
pub fn table() -> BTreeSet<String> {
    let lines = WAITS.iter().flat_map(|(strategies, _, waits)| {
        let line = |strategy: &str, (who, whom, lock): &Wait| match *lock {
            GROWTH => format!("| all | {who} | {whom} | growth |"),
            lock => format!("| {strategy} | {who} | {whom} | `{lock}` |"),
        };
        strategies.iter().flat_map(move |strategy| {
            let strategy = match *strategy {
                "EpochModel" | "EpochStalled" => "`EpochDeferred`".into(),
                other => format!("`{other}`"),
            };
            waits.iter().map(move |wait| line(&strategy, wait))
        })
    });
    lines.collect()
}

#[cfg(stampool_model = "porf")]
mod rows {
    use core::panic::Location;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use ledger::{Checker, Limit};
    use porf::model::{Awaits, Builder, Standstill, Stops, Verdict, Waiter};

    use super::WAITS;
    use crate::Check;
    use crate::explore::Exploration;
    use crate::one_at_a_time::{self, execution};
    use crate::scenarios::{Subject, exchange, subjects};

    /// Nobody waits.
    const ALL: &str = "all came to their end";

    /// Fewer executions than this explored nothing worth the name.
    const FEWEST: u64 = 2;

    /// The exchanges of a steady state, and one scenario in which the pool grows.
    const SCENARIOS: &[&str] = &[
        "pool/allocate_free_across",
        "pool/flush_refill",
        "pool/wide_flush_refill",
        "pool/drop_after_remote_frees",
        "pool/leave_allocate",
        "pool/shards_steal",
        "pool/attach_allocate",
        "mediator/offer_request",
        "mediator/offer_request_many",
        "mediator/split_a_large_one",
    ];

    /// Scenarios of three threads, for the strategies under which nobody waits in an exchange.
    const OF_THREE: &[&str] = &[
        "mediator/offer_request_request",
        "mediator/offer_offer_request",
        "pool/leave_leave_attach_bare",
    ];

    pub(super) fn all() -> Vec<Check> {
        let mut checks = Vec::new();
        for subject in subjects() {
            let of_three = if subject.strategy.starts_with("Tagged") { OF_THREE } else { &[] };
            for name in SCENARIOS.iter().chain(of_three) {
                let mut known = exchange::SCENARIOS.iter().chain(exchange::MANY);
                let scenario = known.find(|scenario| scenario.name == *name);
                let scenario = scenario.unwrap_or_else(|| panic!("no scenario is named {name}"));
                checks.push(row(subject, scenario));
            }
        }
        for (strategies, scenario, _) in WAITS {
            for strategy in *strategies {
                let is_there = |check: &Check| {
                    check.strategy == *strategy && check.scenario == row_name(scenario)
                };
                assert!(checks.iter().any(is_there), "WAITS names no row: {strategy}/{scenario}");
            }
        }
        checks
    }

    /// `pool/flush_refill` has the progress row `progress/flush_refill`.
    fn row_name(scenario: &str) -> String {
        format!("progress/{}", scenario.rsplit('/').next().unwrap_or_default())
    }

    fn row(subject: Subject, scenario: &'static exchange::Scenario) -> Check {
        let run = move || explore(move || _ = (subject.exchange)(scenario));
        let lines = WAITS.iter().filter(|(strategies, name, _)| {
            strategies.contains(&subject.strategy) && *name == scenario.name
        });
        let waits = lines.flat_map(|(_, _, waits)| *waits);
        let texts = waits.map(|(who, whom, lock)| text(who, whom, &format!("lock of {lock}")));
        let outcomes: BTreeSet<String> = texts.chain([ALL.into()]).collect();
        let name = row_name(scenario.name);
        Check::new(subject.strategy, name, Checker::Porf, Limit::Unbounded, run)
            .expect_exactly(outcomes, FEWEST)
    }

    fn explore(body: impl Fn() + Send + Sync + 'static) -> Exploration {
        let mut builder = Builder::new();
        builder.check_duplicates = true;
        builder.stops = Stops::Anyone;
        let (report, standstills) =
            builder.explore_standstills(move || execution(one_at_a_time::porf, &body));
        assert_eq!(report.verdict, Verdict::Exhausted, "not exhausted");
        let mut outcomes = BTreeMap::from([(ALL.to_string(), report.stopped)]);
        for standstill in &standstills {
            let waits = standstill.waiters.iter().map(|waiter| wait(standstill, waiter));
            *outcomes.entry(waits.collect::<Vec<_>>().join("; ")).or_default() += 1;
        }
        let executions = report.executions + report.stopped + report.standstills;
        Exploration { executions, events: report.events, outcomes, finished: true }
    }

    fn wait(standstill: &Standstill, waiter: &Waiter) -> String {
        let what = match &waiter.awaits {
            Awaits::Lock { made, .. } => format!("lock of {}", module(made)),
            Awaits::Value { made } => {
                let made: BTreeSet<&str> = made.iter().map(|place| module(place)).collect();
                format!("value of {}", Vec::from_iter(made).join(" and "))
            }
            other => format!("{other:?}"),
        };
        let name = |operation: Option<&'static str>| operation.unwrap_or("the start of a thread");
        text(name(waiter.operation), name(standstill.operation), &what)
    }

    fn text(who: &str, whom: &str, what: &str) -> String {
        format!("{who} waits for {whom}, {what}")
    }

    /// The module in which something was made.
    fn module(made: &'static Location<'static>) -> &'static str {
        Path::new(made.file()).file_stem().and_then(|stem| stem.to_str()).unwrap_or("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heading of the table that is made of [`WAITS`].
    const HEADING: &str = "| strategy | waits | for a thread stopped in | lock |";

    #[test]
    fn the_chapter_forms_has_the_table_of_the_rows() {
        let chapter = include_str!("../../src/docs/forms.md");
        let (_, rest) = chapter.split_once(HEADING).expect("the chapter has the table");
        let lines = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
        let lines: BTreeSet<String> = lines.map(String::from).collect();
        let expected = table();
        let text = Vec::from_iter(expected.clone()).join("\n");
        assert_eq!(lines, expected, "it should be:\n{text}");
    }
}
