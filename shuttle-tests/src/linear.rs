//! Generated programs on the shipped pool: every history that shuttle samples must be
//! linearizable.
//!
//! proptest generates the programs and reduces a failing one. Programs and schedules follow from
//! one seed, so a failing row fails again. A panic of the pool itself is not reduced, because a
//! model binary ends at the first one.

use core::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};

use exact_outcomes::explore::Exploration;
use histories::linearize::linearize;
use histories::{Call, History, Multiset, Operation};
use loom_tests::scenarios::linear::{Fault, Op, Program};
use loom_tests::{Check, Checker, Limit};
use proptest::prelude::{Just, Strategy as _, prop, prop_oneof};
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::explore::{explore_pct, explore_random};

/// Runs a program once.
pub type Body = fn(&Program, Fault) -> History;

/// How schedules are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// A random walk.
    Random,
    /// PCT of this depth.
    Pct(usize),
}

/// How much is run.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// Programs.
    pub programs: u32,
    /// Schedules of each.
    pub schedules: usize,
}

/// A row: `amount` of programs on `body`, through `fault`.
pub fn check(
    strategy: impl Into<String>,
    scenario: impl Into<String>,
    sampling: Sampling,
    amount: Amount,
    seed: u64,
    (body, fault): (Body, Fault),
) -> Check {
    let total = u64::from(amount.programs) * amount.schedules as u64;
    let run = move || explore(sampling, amount, seed, body, fault);
    let (checker, bound) = match sampling {
        Sampling::Random => (Checker::ShuttleRandom, total),
        Sampling::Pct(depth) => (Checker::ShuttlePct, depth as u64),
    };
    Check::new(strategy, scenario, checker, Limit::Bounded(bound), run).expect_oracle(total)
}

/// Two or three threads of two to five operations each.
fn programs() -> BoxedStrategy<Program> {
    let shape = (2..=3_usize, 1..=2_usize, 0..=5_usize);
    let program = shape.prop_flat_map(|(threads, batch, spare)| {
        let op = prop_oneof![
            4 => Just(Op::Allocate),
            4 => (0..3_usize).prop_map(Op::Free),
            1 => (0..3_usize, 0..threads).prop_map(|(nth, to)| Op::Give { nth, to }),
        ];
        let held = prop::collection::vec(0..=2_usize, threads);
        let ops = prop::collection::vec(prop::collection::vec(op, 2..=5), threads);
        (held, ops).prop_map(move |(held, threads)| {
            let capacity = batch.max(held.iter().sum::<usize>()) + spare;
            Program { batch, capacity, held, threads }
        })
    });
    program.boxed()
}

fn explore(sampling: Sampling, amount: Amount, seed: u64, body: Body, fault: Fault) -> Exploration {
    let config = Config {
        cases: amount.programs,
        failure_persistence: None,
        max_shrink_iters: 1_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let sum = Cell::new(Exploration { finished: true, ..Exploration::default() });
    let tried = runner.run(&programs(), |program| {
        let seen = sample(sampling, amount.schedules, seed, body, fault, &program);
        let seen = seen.map_err(TestCaseError::fail)?;
        let mut all = sum.take();
        all.executions += seen.executions;
        all.finished &= seen.finished;
        for (outcome, count) in seen.outcomes {
            *all.outcomes.entry(outcome).or_default() += count;
        }
        sum.set(all);
        Ok(())
    });
    match tried {
        Ok(()) => sum.take(),
        Err(TestError::Fail(reason, program)) => panic!("{reason}; the program, shrunk: {program}"),
        Err(TestError::Abort(reason)) => panic!("proptest gave up: {reason}"),
    }
}

/// Runs one program so many times, and checks every history.
fn sample(
    sampling: Sampling,
    schedules: usize,
    seed: u64,
    body: Body,
    fault: Fault,
    program: &Program,
) -> Result<Exploration, String> {
    let histories = Arc::new(Mutex::new(Vec::new()));
    let (kept, shared) = (Arc::clone(&histories), program.clone());
    let run = move || {
        let history = body(&shared, fault);
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(history);
        String::new()
    };
    let seen = match sampling {
        Sampling::Random => explore_random(schedules, seed, run),
        Sampling::Pct(depth) => explore_pct(depth, schedules, seed, run),
    };
    // Not inside an execution: a checker's stacks are small.
    let histories = core::mem::take(&mut *histories.lock().unwrap_or_else(PoisonError::into_inner));
    let mut judged = Exploration { outcomes: Default::default(), executions: 0, ..seen };
    for history in histories {
        let start = Multiset::new(program.capacity, program.batch);
        if let Err(error) = linearize(start, &history.0) {
            let explained = error.explained.len();
            return Err(format!("not linearizable: {history} ({explained} calls explained)"));
        }
        // Two outcomes in the ledger: programs that never come to the capacity would show one.
        let refused =
            |call: &Call<Operation>| matches!(call.op, Operation::Refused { others } if others > 0);
        let how = if history.0.iter().any(refused) { ", with a refusal" } else { "" };
        judged.record(format!("linearizable{how}"));
    }
    Ok(judged)
}
