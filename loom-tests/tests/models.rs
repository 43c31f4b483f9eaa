//! Every check that loom runs. Built and run by `cargo xtask checks`.

use std::process::ExitCode;
use std::sync::Arc;

use loom_tests::epoch_model::{EpochModel, Prompt, Stalled};
use loom_tests::explore::Bound;
use loom_tests::scenarios::{
    Depth, EPOCH, PEERS, PeerSubject, SLEEPER, Shape, Subject, arena_source, bump, changes,
    crossed, ends, exchange, free_twice, land, landing, leases, list, look_up, objects, recycle,
    stamped, subject, subjects,
};
use loom_tests::twins::{SOUND, Sound, kept, twins, wide_enough};
use loom_tests::{Check, harness, selfcheck};
use stampool::raw::free_list::{Deferred, Epoch};

/// Fewer executions than this explored nothing worth the name.
const FEWEST: u64 = 2;
/// The tier of what takes hours.
const DEEP: u8 = 3;

fn main() -> ExitCode {
    let mut checks = selfcheck::checks();
    for subject in subjects() {
        for scenario in list::SCENARIOS {
            checks.extend(of_list(subject, scenario));
        }
        for scenario in exchange::SCENARIOS {
            checks.extend(of_exchange(subject, scenario));
        }
    }
    for subject in subjects().into_iter().chain([EPOCH]) {
        let (strategy, bound) = (subject.strategy, most_preemptions(2));
        let row = Check::loom(strategy, crossed::NAME, bound, subject.crossed);
        checks.push(row.expect_exactly(crossed::allowed(), FEWEST));
    }
    for scenario in list::SCENARIOS {
        checks.push(list_row(EPOCH, scenario, most_preemptions(scenario.threads.len())));
    }
    for scenario in exchange::SCENARIOS.iter().filter(|scenario| !scenario.forgets_a_handle()) {
        let threads = scenario.threads.len();
        let row = exchange_row(EPOCH, scenario, most_preemptions(threads));
        let every_time = threads == 2 && !EPOCH.deep.contains(&scenario.name);
        checks.push(row.tier(if every_time { 0 } else { DEEP }));
    }
    for scenario in list::SCENARIOS {
        checks.push(list_row(SLEEPER, scenario, Bound::Preemptions(3)).tier(1));
    }
    for scenario in exchange::SCENARIOS.iter().filter(|scenario| scenario.threads.len() == 2) {
        checks.push(exchange_row(SLEEPER, scenario, Bound::Preemptions(3)).tier(1));
    }
    for scenario in objects::SCENARIOS {
        let row = Check::loom("ObjectPool", scenario.name, Bound::Unbounded, scenario.body);
        checks.push(row.expect_exactly(scenario.allowed(), FEWEST));
    }
    for scenario in bump::SCENARIOS {
        let row = Check::loom(bump::SUBJECT, scenario.name, Bound::Unbounded, scenario.body);
        checks.push(row.expect_exactly(scenario.allowed(), FEWEST));
    }
    for scenario in leases::SCENARIOS {
        let row = Check::loom(leases::SUBJECT, scenario.name, Bound::Unbounded, scenario.body);
        checks.push(row.expect_exactly(scenario.allowed(), FEWEST));
    }
    for scenario in changes::SCENARIOS {
        let row = Check::loom(changes::SUBJECT, scenario.name, Bound::Unbounded, scenario.body);
        checks.push(row.expect_exactly(scenario.allowed(), FEWEST));
    }
    for scenario in arena_source::SCENARIOS {
        let body = move || arena_source::body(scenario);
        let row = Check::loom(arena_source::SUBJECT, scenario.name, Bound::Unbounded, body);
        checks.push(row.expect_exactly(scenario.allowed(), FEWEST));
    }
    let model = recycle::body::<EpochModel<Prompt>>;
    checks.push(recycle_row("EpochModel", Bound::Unbounded, model));
    checks.push(recycle_row(EPOCH.strategy, Bound::Preemptions(3), recycle::body::<Epoch>));
    let land = land::body::<EpochModel<Prompt>>;
    let land = Check::loom("EpochModel", land::NAME, Bound::Unbounded, land);
    checks.push(land.expect_exactly(land::allowed(), FEWEST));
    let stalled = subject::<Deferred<EpochModel<Stalled>>>(Shape::Sides);
    checks.push(exchange_row(stalled, &exchange::ATTACHING, exchange::ATTACHING.depth.bound()));
    let look_up = Check::loom(look_up::SUBJECT, look_up::NAME, Bound::Unbounded, look_up::body);
    checks.push(look_up.expect_exactly(look_up::allowed(), FEWEST));
    let together = landing::enter_and_enter;
    let together = Check::loom(landing::SUBJECT, landing::TOGETHER, Bound::Unbounded, together);
    checks.push(together.expect_exactly(["both wait".into()].into(), FEWEST));
    let deferred_return =
        Check::loom(landing::SUBJECT, landing::NAME, Bound::Unbounded, landing::body);
    checks.push(deferred_return.expect_exactly(landing::allowed(), FEWEST));
    for scenario in free_twice::SCENARIOS {
        let body = move || free_twice::body(scenario);
        let check = Check::loom(free_twice::SUBJECT, scenario.name, Bound::Unbounded, body);
        checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
    }
    checks.extend(PEERS.into_iter().flat_map(of_peer));
    for twin in twins() {
        let body = Arc::new(twin.body);
        let check = Check::loom(twin.strategy, twin.name, twin.bound, move || body());
        checks.push(check.expect_failure(twin.under_loom));
    }
    for (strategy, subject, scenario) in wide_enough() {
        let body = move || (subject.list)(scenario);
        let check = Check::loom(strategy, scenario.name, Bound::Unbounded, body);
        // The two tags have one width, and the same executions.
        let tier = if strategy == "TaggedWide<3>" { DEEP } else { 1 };
        checks
            .push(check.tier(tier).expect_exactly(list::allowed(scenario, subject.shape), FEWEST));
    }
    for (strategy, subject, scenario) in kept() {
        let body = move || (subject.list)(scenario);
        let check = Check::loom(strategy, scenario.name, scenario.depth.bound(), body);
        checks.push(check.tier(1).expect_exactly(list::allowed(scenario, subject.shape), FEWEST));
    }
    for rundown in ends::RUNDOWNS {
        let check = Check::loom(ends::RUNDOWN, rundown.name, rundown.depth.bound(), rundown.body);
        checks.push(check.expect_exactly(rundown.allowed(), rundown.fewest()));
    }
    for subject in subjects() {
        for scenario in ends::DETACHED {
            checks.push(ends_row(subject, scenario, scenario.depth.bound()));
        }
    }
    for scenario in ends::DETACHED {
        let threads = scenario.threads();
        let row = ends_row(EPOCH, scenario, most_preemptions(threads));
        checks.push(row.tier(if threads == 2 { 0 } else { DEEP }));
    }
    for one in stamped::scenarios() {
        let check = Check::loom(stamped::STRATEGY, one.name, one.depth.bound(), one.body);
        checks.push(check.expect_exactly((one.allowed)(), FEWEST));
    }
    for Sound { name, body } in SOUND {
        let check = Check::loom(stamped::STRATEGY, name, Bound::Unbounded, body);
        checks.push(check.tier(1).expect_oracle(FEWEST));
    }
    harness::main(checks, loom_tests::BACKEND)
}

fn recycle_row(strategy: &str, bound: Bound, body: fn() -> String) -> Check {
    Check::loom(strategy, recycle::NAME, bound, body).expect_exactly(recycle::allowed(), FEWEST)
}

/// In every run the search goes as far as the subject's depth. If that is less than the scenario's,
/// the deep tier runs the scenario's depth too.
fn of_list(subject: Subject, scenario: &'static list::Scenario) -> Vec<Check> {
    let every_time = subject.depth(scenario.name, scenario.depth);
    let mut rows = vec![list_row(subject, scenario, every_time.bound())];
    if every_time != scenario.depth {
        rows.push(list_row(subject, scenario, scenario.depth.bound()).tier(DEEP));
    }
    rows
}

/// As [`of_list`].
fn of_exchange(subject: Subject, scenario: &'static exchange::Scenario) -> Vec<Check> {
    let every_time = subject.depth(scenario.name, scenario.depth);
    let tier = if subject.deep.contains(&scenario.name) { DEEP } else { scenario.tier };
    let mut rows = vec![exchange_row(subject, scenario, every_time.bound()).tier(tier)];
    if every_time != scenario.depth {
        rows.push(exchange_row(subject, scenario, scenario.depth.bound()).tier(DEEP));
    }
    rows
}

fn list_row(subject: Subject, scenario: &'static list::Scenario, bound: Bound) -> Check {
    let body = move || (subject.list)(scenario);
    Check::loom(subject.strategy, scenario.name, bound, body)
        .expect_exactly(list::allowed(scenario, subject.shape), FEWEST)
}

fn exchange_row(subject: Subject, scenario: &'static exchange::Scenario, bound: Bound) -> Check {
    let body = move || (subject.exchange)(scenario);
    Check::loom(subject.strategy, scenario.name, bound, body)
        .expect_exactly(exchange::allowed(scenario), FEWEST)
}

fn ends_row(
    subject: Subject,
    scenario: &'static ends::Scenario<ends::Fate>,
    bound: Bound,
) -> Check {
    Check::loom(subject.strategy, scenario.name, bound, move || (subject.ends)(scenario))
        .expect_exactly(scenario.allowed(), scenario.fewest())
}

/// What the real epoch leaves time for.
fn most_preemptions(threads: usize) -> Bound {
    Bound::Preemptions(if threads == 2 { 3 } else { 2 })
}

/// All executions where they are few enough. Tier 1: it says nothing about what ships.
fn of_peer(peer: PeerSubject) -> Vec<Check> {
    let subject = peer.subject;
    let bound = |name: &str, depth: Depth, threads: usize| {
        let exhausted = depth == Depth::Exhaustive && !peer.too_long.contains(&name);
        if exhausted { Bound::Unbounded } else { most_preemptions(threads) }
    };
    let depth = bound(recycle::NAME, Depth::Exhaustive, 2);
    let recycled = Check::loom(subject.strategy, recycle::NAME, depth, peer.recycle);
    let mut rows = vec![recycled.expect_exactly(recycle::allowed(), FEWEST).tier(1)];
    for one in list::SCENARIOS {
        let depth = bound(one.name, one.depth, one.threads.len());
        rows.push(list_row(subject, one, depth).tier(1));
    }
    for one in exchange::SCENARIOS {
        let row = exchange_row(subject, one, bound(one.name, one.depth, one.threads.len()));
        let every_time = one.threads.len() == 2 && !subject.deep.contains(&one.name);
        rows.push(row.tier(if every_time { 1 } else { DEEP }));
    }
    rows
}
