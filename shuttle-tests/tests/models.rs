//! Every check that shuttle runs. Built and run by `cargo xtask checks`.

use std::process::ExitCode;
use std::sync::Arc;

use loom_tests::scenarios::linear::{Fault, body as linear_body};
use loom_tests::scenarios::{
    self, Depth, EPOCH, PEERS, PeerSubject, Subject, arena_source, bump, crossed, ends, exchange,
    list, long, objects, recycle, stamped,
};
use loom_tests::twins::twins;
use loom_tests::{Check, harness};
use shuttle_tests::linear::{self, Amount, Body, Sampling};
use shuttle_tests::{check, selfcheck};
use stampool::{Strategy as _, TaggedPacked, TaggedWide};

/// Fewer executions than this explored nothing worth the name.
const FEWEST: u64 = 2;
/// Schedules of a scenario that may be searched too.
const SLICE_SAMPLES: usize = 5_000;
/// Schedules of a scenario of other people's reclamation, which says nothing about what ships.
const PEER_SAMPLES: usize = 2_000;
/// How a long scenario is sampled in every run: a random walk, and one depth of PCT. At this depth
/// a list without tags is caught in each long scenario, by about a thousand schedules at most; at
/// three, two of them need more than there are. The twins below see to it.
const LONG_EVERY_TIME: (usize, &[usize]) = (5_000, &[5]);
/// How the deep tier samples a long scenario.
const LONG_DEEP: (usize, &[usize]) = (1_000_000, &[2, 3, 5]);
/// Of all sampled schedules.
const SEED: u64 = 20_261_120;

fn main() -> ExitCode {
    let mut checks = selfcheck::checks();
    for subject in subjects() {
        for scenario in list::SCENARIOS.iter().filter(|s| s.depth == Depth::Exhaustive) {
            let body = move || quietly(|| (subject.list)(scenario));
            let allowed = list::allowed(scenario, subject.shape);
            let check = check::dfs(subject.strategy, scenario.name, body);
            let check = check.tier(tier(subject, scenario.name, 0));
            checks.push(check.expect_exactly(allowed.clone(), FEWEST));
            let body = move || (subject.list)(scenario);
            let check = check::pct(subject.strategy, scenario.name, 3, SLICE_SAMPLES, SEED, body);
            checks.push(check.expect_within(allowed, SLICE_SAMPLES as u64));
        }
        for scenario in exchange::SCENARIOS.iter().filter(|s| s.depth == Depth::Exhaustive) {
            let body = move || quietly(|| (subject.exchange)(scenario));
            let allowed = exchange::allowed(scenario);
            let check = check::dfs(subject.strategy, scenario.name, body);
            let check = check.tier(tier(subject, scenario.name, scenario.tier));
            checks.push(check.expect_exactly(allowed.clone(), FEWEST));
            let body = move || (subject.exchange)(scenario);
            let check = check::pct(subject.strategy, scenario.name, 3, SLICE_SAMPLES, SEED, body);
            checks.push(check.expect_within(allowed, SLICE_SAMPLES as u64));
        }
    }
    for subject in subjects() {
        let body = move || quietly(subject.crossed);
        let check = check::dfs(subject.strategy, crossed::NAME, body);
        let check = check.tier(tier(subject, crossed::NAME, 0));
        checks.push(check.expect_exactly(crossed::allowed(), FEWEST));
    }
    for scenario in objects::SCENARIOS {
        let check = check::dfs("ObjectPool", scenario.name, || quietly(scenario.body));
        checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
    }
    for scenario in bump::SCENARIOS {
        let check = check::dfs(bump::SUBJECT, scenario.name, || quietly(scenario.body));
        checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
    }
    for scenario in arena_source::SCENARIOS {
        let body = move || quietly(|| arena_source::body(scenario));
        let check = check::dfs(arena_source::SUBJECT, scenario.name, body);
        checks.push(check.expect_exactly(scenario.allowed(), FEWEST));
    }
    for subject in subjects() {
        for scenario in ends::DETACHED.iter().filter(|s| s.depth == Depth::Exhaustive) {
            // Who counts waits by yielding, and a search without fairness never comes to an end.
            if scenario.body != ends::Fate::Census {
                let body = move || quietly(|| (subject.ends)(scenario));
                let check = check::dfs(subject.strategy, scenario.name, body);
                let check = check.tier(tier(subject, scenario.name, 0));
                checks.push(check.expect_exactly(scenario.allowed(), scenario.fewest()));
            }
            let body = move || (subject.ends)(scenario);
            let check = check::pct(subject.strategy, scenario.name, 3, SLICE_SAMPLES, SEED, body);
            checks.push(check.expect_within(scenario.allowed(), SLICE_SAMPLES as u64));
        }
        let body = move || (subject.exchange)(&exchange::BEHIND_A_LOOK);
        let name = exchange::BEHIND_A_LOOK.name;
        let check = check::pct(subject.strategy, name, 3, SLICE_SAMPLES, SEED, body);
        let allowed = exchange::allowed(&exchange::BEHIND_A_LOOK);
        checks.push(check.expect_within(allowed, SLICE_SAMPLES as u64));
        let body = move || (subject.exchange)(&exchange::BEFORE_ITS_COUNT);
        let name = exchange::BEFORE_ITS_COUNT.name;
        let check = check::pct(subject.strategy, name, 3, SLICE_SAMPLES, SEED, body);
        let allowed = exchange::allowed(&exchange::BEFORE_ITS_COUNT);
        checks.push(check.expect_within(allowed, SLICE_SAMPLES as u64));
        let body = move || (subject.exchange)(&exchange::BEHIND_TWO_LOOKS);
        let (name, samples) = (exchange::BEHIND_TWO_LOOKS.name, 20_000);
        let check = check::random(subject.strategy, name, samples, SEED, body);
        let allowed = exchange::allowed(&exchange::BEHIND_TWO_LOOKS);
        checks.push(check.tier(1).expect_within(allowed, samples as u64));
        let body = move || (subject.exchange)(&exchange::REMAINDERS);
        let name = exchange::REMAINDERS.name;
        checks.push(check::random(subject.strategy, name, 20_000, SEED, body).tier(1));
    }
    for PeerSubject { subject, recycle, too_long } in PEERS {
        let (strategy, samples) = (subject.strategy, PEER_SAMPLES);
        if !too_long.contains(&recycle::NAME) {
            let check = check::dfs(strategy, recycle::NAME, move || quietly(recycle));
            checks.push(check.tier(1).expect_exactly(recycle::allowed(), FEWEST));
        }
        checks.push(check::pct(strategy, recycle::NAME, 5, samples, SEED, recycle));
        for scenario in list::SCENARIOS {
            let body = move || (subject.list)(scenario);
            checks.push(check::pct(strategy, scenario.name, 3, samples, SEED, body).tier(1));
        }
        for scenario in exchange::SCENARIOS {
            let body = move || (subject.exchange)(scenario);
            checks.push(check::pct(strategy, scenario.name, 3, samples, SEED, body).tier(1));
        }
        // It says nothing about what ships.
        for scenario in long::SCENARIOS {
            let body = move || (subject.long)(scenario);
            checks.push(check::pct(strategy, scenario.name, 3, samples, SEED, body).tier(3));
            checks.push(check::random(strategy, scenario.name, samples, SEED, body).tier(3));
        }
    }
    for one in stamped::scenarios() {
        let allowed = (one.allowed)();
        if one.depth == Depth::Exhaustive {
            let check = check::dfs(stamped::STRATEGY, one.name, move || quietly(one.body));
            let check = check.tier(if one.searched { 0 } else { 3 });
            checks.push(check.expect_exactly(allowed.clone(), FEWEST));
        }
        let check = check::pct(stamped::STRATEGY, one.name, 3, SLICE_SAMPLES, SEED, one.body);
        checks.push(check.expect_within(allowed, SLICE_SAMPLES as u64));
    }
    for twin in twins() {
        let Some(words) = twin.under_shuttle else { continue };
        let body = Arc::new(twin.body);
        let check = check::pct(twin.strategy, twin.name, 5, 100_000, SEED, move || body());
        checks.push(check.expect_failure(words));
    }
    // The long scenarios find narrow tags too, sampled as in every run, or they would prove nothing.
    let (samples, depths) = LONG_EVERY_TIME;
    for (scenario, depth) in
        long::SCENARIOS.iter().flat_map(|one| depths.iter().map(move |d| (one, *d)))
    {
        let body = || long::body::<TaggedPacked<0>>(scenario);
        let name = format!("twin/tag_0_bits_{}", scenario.name.replace("long/", ""));
        let check = check::pct("TaggedPacked<0>", name, depth, samples, SEED, body);
        checks.push(check.tier(1).expect_failure("a block was"));
    }
    // Generated programs: histories against a multiset.
    let amount = Amount { programs: 300, schedules: 25 };
    for subject in subjects() {
        for sampling in [Sampling::Random, Sampling::Pct(3)] {
            let faultless = (subject.linear, Fault::None);
            let name = "linear/programs";
            checks.push(linear::check(subject.strategy, name, sampling, amount, SEED, faultless));
        }
    }
    for (fault, name) in [
        (Fault::HandsOutTwice, "twin/linear_hands_out_twice"),
        (Fault::Refuses, "twin/linear_refuses"),
        (Fault::Loses, "twin/linear_loses"),
    ] {
        let twin = (linear_body::<TaggedPacked> as Body, fault);
        let sampling = Sampling::Random;
        let check = linear::check("TaggedPacked", name, sampling, amount, SEED, twin);
        checks.push(check.expect_failure("not linearizable"));
    }
    for (tier, (samples, depths), suffix) in
        [(1, LONG_EVERY_TIME, ""), (3, LONG_DEEP, "_by_the_million")]
    {
        for subject in subjects() {
            for scenario in long::SCENARIOS {
                let body = move || (subject.long)(scenario);
                let (strategy, name) = (subject.strategy, format!("{}{suffix}", scenario.name));
                let sampled = |check: Check| check.tier(tier).expect_oracle(samples as u64);
                for depth in depths {
                    checks.push(sampled(check::pct(
                        strategy,
                        name.clone(),
                        *depth,
                        samples,
                        SEED,
                        body,
                    )));
                }
                checks.push(sampled(check::random(strategy, name, samples, SEED, body)));
            }
        }
    }
    harness::main(checks, loom_tests::BACKEND)
}

/// The whole matrix, and the real epoch: here that is opaque, its operations are no steps.
fn subjects() -> impl Iterator<Item = Subject> {
    scenarios::subjects().into_iter().chain([EPOCH])
}

/// Searches of more than five seconds. Under sequential consistency `TaggedPacked` takes the same
/// steps as `TaggedWide`, and `Locked` takes fewer, so one of the three is searched every time.
const LONG: &[&str] =
    &["list/aba", "list/walk_growth", "mediator/remainders_merge", "pool/allocate_free_across"];

/// Searches of 800,000 schedules and more, although loom, which reduces, exhausts the same
/// scenarios in seconds: batches that grow, shards, forgotten handles, threads that leave. Whether
/// loom reduces too much shows in the shorter searches and in `cargo xtask fuzz-loom`.
/// `pool/flush_refill` has the schedules of `pool/allocate_free_across`.
fn is_deep(scenario: &str) -> bool {
    let named = [
        "list/aba_pop_up_to",
        "pool/flush_refill",
        "pool/leave_allocate",
        "pool/leave_remainder_allocate",
        "pool/thread_end_flush",
        "pool/thread_end_two_handles",
    ];
    scenario.starts_with("pool/wide_") || scenario.contains("/shards_") || named.contains(&scenario)
}

/// A search without reduction takes hours where a pin, or a count, comes with every step: then it
/// is left to the deep tier, and the scenario is sampled as all are.
fn tier(subject: Subject, scenario: &str, tier: u8) -> u8 {
    let is_searched = subject.searched.is_none_or(|searched| searched.contains(&scenario));
    let is_another = LONG.contains(&scenario) && subject.strategy != TaggedWide::<64>::NAME;
    if is_searched && !is_another && !is_deep(scenario) { tier } else { 3 }
}

/// Runs `body` without scheduling points inside cells: a depth-first search tries all orders of
/// atomic operations and locks.
fn quietly(body: impl Fn() -> String) -> String {
    #[cfg(stampool_model = "shuttle")]
    stampool::raw::sync::preempt_in_cells(false);
    body()
}
