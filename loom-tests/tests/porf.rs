//! Every check that porf runs: all executions of RC11. Built and run by `cargo xtask checks`.

use std::process::ExitCode;

use loom_tests::harness;

fn main() -> ExitCode {
    let mut checks = checks::all();
    checks.extend(loom_tests::progress::checks());
    harness::main(checks, loom_tests::BACKEND)
}

/// Without the private cfg there is nothing to check, and the harness says so.
#[cfg(not(stampool_model = "porf"))]
mod checks {
    pub(super) fn all() -> Vec<loom_tests::Check> {
        Vec::new()
    }
}

#[cfg(stampool_model = "porf")]
mod checks {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use loom_tests::Check;
    use loom_tests::epoch_model::{EpochModel, Prompt};
    use loom_tests::scenarios::{
        Shape, Subject, arena_source, bump, changes, crossed, edges, ends, exchange, free_twice,
        land, landing, leases, list, locals, look_up, objects, recycle, slab, stamped, subjects,
    };
    use loom_tests::twins::{SOUND, Sound, Twin, kept, twins, wide_enough};
    use stampool::{Locked, Quiescent, Strategy, TaggedPacked, TaggedWide};

    /// Fewer executions than this explored nothing worth the name.
    const FEWEST: u64 = 2;

    /// The tier of what takes more than a few seconds.
    const DEEP: u8 = 3;

    /// What takes more than a few seconds: three threads, and two where a strategy takes a lock at
    /// each look, because each order of the looks is a graph.
    const LONG: &[(&str, &[&str])] = &[
        (
            "TaggedWide",
            &[
                "pool/one_producer_two_consumers",
                "pool/leave_leave_attach",
                "pool/capacity_3",
                "pool/carve_carve_carve",
            ],
        ),
        (
            "TaggedPacked",
            &[
                "pool/one_producer_two_consumers",
                "pool/leave_leave_attach",
                "pool/capacity_3",
                "pool/carve_carve_carve",
            ],
        ),
        (
            "EpochModel",
            &[
                "mediator/shards_before_its_count",
                "pool/one_producer_two_consumers",
                "pool/leave_leave_attach",
                "pool/capacity_3",
                "pool/carve_carve_carve",
                "pool/free_allocate_allocate",
                "pool/capacity_free_3",
                "list/pop_push_4",
                "shrink/grow",
            ],
        ),
        ("Quiescent<glue>", &["splice/spliced_back", "splice/stale_check", "splice/sleeper"]),
        ("Quiescent<waits counted>", &["splice/stale_check"]),
        (
            "EpochStalled",
            &[
                "pool/one_producer_two_consumers",
                "pool/leave_leave_attach",
                "pool/capacity_3",
                "pool/carve_carve_carve",
                "pool/free_allocate_allocate",
                "pool/capacity_free_3",
                "list/pop_push_4",
            ],
        ),
        (
            "Quiescent",
            &[
                "list/enter_splice",
                "pool/thread_end_allocate",
                "pool/carve_carve",
                "pool/capacity",
                "mediator/remainders_merge",
                "mediator/aba",
                "mediator/shards_before_its_count",
                "pool/one_producer_two_consumers",
                "pool/leave_attach",
                "pool/leave_leave",
                "pool/leave_leave_attach",
                "detached/end_end_drop",
                "growth/second_chunk",
                "counts/end_end_census",
                "exact/grow_grow",
                "mediator/offer_request_request",
                "pool/capacity_3",
                "pool/carve_carve_carve",
                "pool/free_allocate_allocate",
                "pool/capacity_free_3",
                "list/pop_push_4",
                "shrink/allocate",
                "shrink/grow",
                "shrink/leave",
                "shrink/shrink",
            ],
        ),
    ];

    fn tier(strategy: &str, scenario: &str) -> u8 {
        let is_long =
            |(of, scenarios): &(&str, &[&str])| *of == strategy && scenarios.contains(&scenario);
        if LONG.iter().any(is_long) { DEEP } else { 0 }
    }

    /// Each scenario, whatever loom's bounds are, and each twin.
    pub(super) fn all() -> Vec<Check> {
        let allowed = Allowed::new();
        let of_strategy = |subject| of_strategy(subject, &allowed);
        let mut checks: Vec<Check> = subjects().into_iter().flat_map(of_strategy).collect();
        checks.extend(of_one_kind());
        for (strategy, scenarios) in LONG {
            for scenario in *scenarios {
                let names =
                    |check: &Check| check.strategy == *strategy && check.scenario == *scenario;
                assert!(checks.iter().any(names), "LONG names no check: {strategy}/{scenario}");
            }
        }
        checks
            .into_iter()
            .map(|check| {
                let tier = tier(&check.strategy, &check.scenario);
                check.tier(tier)
            })
            .chain(faults())
            .collect()
    }

    /// What the specifications allow, which strategies share.
    struct Allowed {
        lists: Vec<(&'static list::Scenario, Shape, BTreeSet<String>)>,
        exchanges: Vec<(&'static exchange::Scenario, BTreeSet<String>)>,
        locals: Vec<(&'static locals::Scenario, BTreeSet<String>)>,
    }

    impl Allowed {
        fn new() -> Self {
            let lists = || list::SCENARIOS.iter().chain(list::MANY);
            let exchanges = exchange::SCENARIOS.iter().chain(exchange::MANY);
            let shapes = [Shape::Stack, Shape::Sides, Shape::TwoLists];
            let of_shape = |shape| lists().map(move |one| (one, shape, list::allowed(one, shape)));
            Self {
                lists: shapes.into_iter().flat_map(of_shape).collect(),
                exchanges: exchanges.map(|one| (one, exchange::allowed(one))).collect(),
                locals: locals::SCENARIOS.iter().map(|one| (one, one.allowed())).collect(),
            }
        }
    }

    /// What every strategy runs.
    fn of_strategy(subject: Subject, allowed: &Allowed) -> Vec<Check> {
        let mut checks = Vec::new();
        let of_shape = allowed.lists.iter().filter(|(_, shape, _)| *shape == subject.shape);
        for &(scenario, _, ref allowed) in of_shape {
            let body = move || (subject.list)(scenario);
            let check = Check::porf(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(allowed.clone(), FEWEST));
        }
        for &(scenario, ref allowed) in &allowed.exchanges {
            let body = move || (subject.exchange)(scenario);
            let check = Check::porf(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(allowed.clone(), FEWEST));
        }
        for &(scenario, ref allowed) in &allowed.locals {
            let body = move || (subject.locals)(scenario);
            let check = Check::porf(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(allowed.clone(), allowed.len().min(2) as u64));
        }
        for scenario in ends::DETACHED {
            let body = move || (subject.ends)(scenario);
            let check = Check::porf(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(scenario.allowed(), scenario.fewest()));
        }
        for scenario in edges::SCENARIOS {
            let body = move || (subject.edges)(scenario);
            let check = Check::porf(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        let crossed = Check::porf(subject.strategy, crossed::NAME, subject.crossed);
        checks.push(crossed.expect_exactly(crossed::allowed(), FEWEST));
        checks
    }

    fn of_list(name: &str, subject: Subject, scenario: &'static list::Scenario) -> Check {
        let check = Check::porf(name, scenario.name, move || (subject.list)(scenario));
        check.expect_exactly(list::allowed(scenario, subject.shape), FEWEST)
    }

    /// What runs on one strategy, or on none.
    fn of_one_kind() -> Vec<Check> {
        let mut checks = Vec::new();
        let recycle = Check::porf("EpochModel", recycle::NAME, recycle::body::<EpochModel<Prompt>>);
        checks.push(recycle.expect_exactly(recycle::allowed(), FEWEST));
        let land = Check::porf("EpochModel", land::NAME, land::body::<EpochModel<Prompt>>);
        checks.push(land.expect_exactly(land::allowed(), FEWEST));
        for subject in subjects() {
            let scenario: &'static exchange::Scenario = match subject.strategy {
                // It shows only where nothing that waits ever comes back.
                "EpochStalled" => &exchange::ATTACHING,
                "TaggedPacked" => &exchange::BEHIND_TWO_LOOKS,
                _ => continue,
            };
            let body = move || (subject.exchange)(scenario);
            let check = Check::porf(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(exchange::allowed(scenario), FEWEST));
        }
        let together = landing::enter_and_enter;
        let together = Check::porf(landing::SUBJECT, landing::TOGETHER, together);
        checks.push(together.expect_exactly(["both wait".into()].into(), FEWEST));
        let landing = Check::porf(landing::SUBJECT, landing::NAME, landing::body);
        checks.push(landing.expect_exactly(landing::allowed(), FEWEST));
        for one in locals::STATICS {
            let check = Check::porf(one.strategy, locals::Static::NAME, one.body);
            checks.push(check.expect_exactly(locals::Static::allowed(), FEWEST));
        }
        for one in stamped::scenarios() {
            let check = Check::porf(stamped::STRATEGY, one.name, one.body);
            checks.push(check.expect_exactly((one.allowed)(), FEWEST));
        }
        for Sound { name, body } in SOUND {
            checks.push(Check::porf(stamped::STRATEGY, name, body).expect_oracle(FEWEST));
        }
        for scenario in objects::SCENARIOS {
            let check = Check::porf("ObjectPool", scenario.name, scenario.body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        for scenario in bump::SCENARIOS {
            let check = Check::porf(bump::SUBJECT, scenario.name, scenario.body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        for scenario in leases::SCENARIOS {
            let check = Check::porf(leases::SUBJECT, scenario.name, scenario.body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        for scenario in changes::SCENARIOS {
            let check = Check::porf(changes::SUBJECT, scenario.name, scenario.body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        for scenario in slab::SCENARIOS {
            let check = Check::porf(slab::SUBJECT, scenario.name, scenario.body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        for scenario in arena_source::SCENARIOS {
            let body = move || arena_source::body(scenario);
            let check = Check::porf(arena_source::SUBJECT, scenario.name, body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        for rundown in ends::RUNDOWNS {
            let check = Check::porf(ends::RUNDOWN, rundown.name, rundown.body);
            checks.push(check.expect_exactly(rundown.allowed(), rundown.fewest()));
        }
        for scenario in free_twice::SCENARIOS {
            let body = move || free_twice::body(scenario);
            let check = Check::porf(free_twice::SUBJECT, scenario.name, body);
            checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
        }
        let look_up = Check::porf(look_up::SUBJECT, look_up::NAME, look_up::body);
        checks.push(look_up.expect_exactly(look_up::allowed(), FEWEST));
        for (strategy, subject, scenario) in wide_enough().into_iter().chain(kept()) {
            checks.push(of_list(strategy, subject, scenario));
        }
        let exact: [(&str, fn() -> String); 4] = [
            (TaggedWide::<64>::NAME, edges::exact::body::<TaggedWide>),
            (TaggedPacked::<32>::NAME, edges::exact::body::<TaggedPacked>),
            (Quiescent::NAME, edges::exact::body::<Quiescent>),
            (Locked::NAME, edges::exact::body::<Locked>),
        ];
        for (strategy, body) in exact {
            let check = Check::porf(strategy, edges::exact::NAME, body);
            checks.push(check.expect_exactly(edges::exact::allowed(), FEWEST));
        }
        let last = edges::tags::body::<TaggedWide<{ edges::tags::BITS }>>;
        let last = Check::porf("TaggedWide<2>", edges::tags::NAME, last);
        checks.push(last.expect_exactly(edges::tags::allowed(), FEWEST));
        let last = edges::tags::body::<TaggedPacked<{ edges::tags::BITS }>>;
        let last = Check::porf("TaggedPacked<2>", edges::tags::NAME, last);
        checks.push(last.expect_exactly(edges::tags::allowed(), FEWEST));
        checks
    }

    /// A twin to whose fault porf has not come in 100,000 executions.
    const TOO_FAR: &str = "twin/splicer_not_counted";

    /// What must fail. Other people's reclamation runs on std's atomics, which porf does not see.
    fn faults() -> Vec<Check> {
        let check = |twin: Twin| {
            let (because, body) = (twin.under_porf(), Arc::new(twin.body));
            Check::porf(twin.strategy, twin.name, move || body()).expect_failure(because)
        };
        let is_seen = |twin: &Twin| !twin.strategy.starts_with("Opaque") && twin.name != TOO_FAR;
        twins().into_iter().filter(is_seen).map(check).collect()
    }
}
