//! One scenario on one subject: the threads, the clock, and the checks at the end.

mod budget;
pub(crate) mod lanes;
mod outcome;
mod plan;

use core::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;

pub use self::budget::Budget;
pub use self::outcome::{Failure, Outcome, Shares};
pub use self::plan::Plan;
use crate::board::{Board, Phase};
use crate::observer::{Observer, Seen, Shift};
use crate::oracle::limit::Limit;
use crate::oracle::live::bound_blocks;
use crate::oracle::pattern::Extent;
use crate::oracle::violation::{Log, Violation, panic_message};
use crate::oracle::{Oracle, books};
use crate::pin::Pins;
use crate::scenario::Stage;
use crate::subject::Examined;
use crate::worker::{Desk, Lane};

/// Runs `plan` on `subject`.
///
/// # Errors
/// The system has no more threads, or no more memory, and nothing else was found.
///
/// # Panics
/// If `plan.threads` is 0, below the scenario's minimum, or too many for an owner word.
pub fn run<U: Examined>(mut subject: U, plan: &Plan) -> Result<Outcome, Failure> {
    assert!(plan.threads >= plan.scenario.min_threads(), "too few threads for the scenario");
    let (log, board) = (Log::default(), Board::new(plan.threads));
    let outcome = guarded(plan, &log, &board, || play(&mut subject, plan, &log, &board))?;
    let violations = log.into_violations();
    if !violations.is_empty() && violations.iter().all(Violation::is_out_of_memory) {
        return Err(Failure::Memory);
    }
    Ok(Outcome { violations, ..outcome })
}

/// Does `work` beside the watchdog, if the plan has one.
fn guarded<R>(
    plan: &Plan,
    log: &Log,
    board: &Board,
    work: impl FnOnce() -> Result<R, Failure>,
) -> Result<R, Failure> {
    let Some(watchdog) = &plan.watchdog else { return work() };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let guard = thread::Builder::new()
            .spawn_scoped(scope, || watchdog.keep(board, plan.budget, log, &over))
            .map_err(|_| Failure::Threads { given: 0, wanted: 1 })?;
        let _shift = Shift { over: &over, thread: guard.thread().clone() };
        work()
    })
}

/// The run and its checks; what is found is in the log.
fn play<U: Examined>(
    subject: &mut U,
    plan: &Plan,
    log: &Log,
    board: &Board,
) -> Result<Outcome, Failure> {
    let (batch, most) = (subject.batch_blocks(), subject.most_batch_blocks());
    let stage = Stage::new(plan.scenario, plan.threads, batch);
    let capacity = plan.max_carved_blocks(batch);
    let kept_back = plan.handles() * subject.kept_back_blocks();
    let room = bound_blocks(stage.most_live(batch), plan.handles(), most) + kept_back;
    let carved = || subject.carved_blocks();
    let desk = Desk {
        log,
        board,
        oracle: plan.checked.then(|| Oracle::type_stable(subject.layout(), Extent::Whole, room)),
        live: plan.scenario.live(),
        limit: capacity.map(|capacity| Limit::new(capacity, &carved)),
        pins: plan.pin.then(Pins::on_this_machine),
        batch,
    };
    let mut lanes: Vec<Lane> = (0..plan.threads)
        .map(|index| {
            let quota = match plan.budget {
                Budget::Ops(ops) => stage.quota(ops, index),
                Budget::Time(_) => u64::MAX,
            };
            let index = u16::try_from(index).expect("threads fit an owner word");
            Lane::new(index, plan.seed, quota)
        })
        .collect();

    let harness = |phase| board.harness.set(phase, 0);
    let (elapsed, seen) = observed(subject, plan, &desk, || {
        let elapsed = lanes::race(subject, &stage, &desk, &mut lanes, plan.budget)?;
        // After a violation, blocks are out of circulation and the books say nothing.
        if log.is_clean() {
            harness(Phase::Sweeping);
            lanes::sweep(subject, &stage, &desk, &mut lanes);
        }
        // The sleeping thread keeps no block from the others.
        if plan.held_up().is_some() && log.is_clean() {
            harness(Phase::Draining);
            books::drain(subject, log);
        }
        harness(Phase::Joining);
        Ok(elapsed)
    })?;
    harness(Phase::Counting);
    let ops = lanes.iter().map(|lane| lane.ops).sum();
    let peak = desk.live.peak(lanes.iter().map(|lane| lane.gauge));
    let bound = bound_blocks(peak, plan.handles(), most) + kept_back;
    let unpinned = desk.pins.as_ref().and_then(Pins::unpinned);
    if log.is_clean() {
        books::bound(subject.carved_blocks(), peak, bound, log);
        books::magazines(&subject.magazine_counts(), log);
    }
    // The census below pushes magazines about, which may count.
    let magazine_counts = subject.magazine_counts();
    let carved_blocks = subject.carved_blocks();
    if log.is_clean() {
        check_books(subject, capacity, log, board);
    }
    // With a violation too: it may say how that came about.
    subject.check_history(log);
    Ok(Outcome {
        mechanism: subject.mechanism(),
        batch,
        most_batch: most,
        ops,
        elapsed,
        carved_blocks,
        peak_live_blocks: peak,
        bound_blocks: bound,
        max_carved_blocks: capacity,
        refusals: lanes.iter().map(|lane| lane.refusals).sum(),
        shares: stage
            .consumers()
            .map(|range| Shares(lanes[range].iter().map(|lane| lane.ops).collect())),
        peak_limbo_magazines: seen.peak_limbo_magazines,
        memory: seen.memory.into_samples(),
        magazine_counts,
        unpinned,
        violations: Vec::new(),
    })
}

/// Checks the books, when no thread is at work and every block is free.
fn check_books<U: Examined>(subject: &mut U, capacity: Option<usize>, log: &Log, board: &Board) {
    let harness = |phase| board.harness.set(phase, 0);
    books::balance(subject, 0, log);
    harness(Phase::Draining);
    books::drain(subject, log);
    if let Some(capacity) = capacity
        && log.is_clean()
    {
        books::full_capacity(subject, capacity, log);
    }
    harness(Phase::Counting);
    if log.is_clean() {
        books::balance(subject, 0, log);
    }
}

/// Does `work` beside a thread that looks at the magazines, and stalls if the plan says so. Returns
/// what the work gives, and what was seen.
fn observed<U: Examined, R>(
    subject: &U,
    plan: &Plan,
    desk: &Desk<'_>,
    work: impl FnOnce() -> Result<R, Failure>,
) -> Result<(R, Seen), Failure> {
    let Desk { log, board, live, .. } = desk;
    let over = AtomicBool::new(false);
    let observer = Observer { subject, log, board, live, stall: plan.held_up(), over: &over };
    thread::scope(|scope| {
        let (placed, is_placed) = mpsc::channel();
        let observing = thread::Builder::new()
            .spawn_scoped(scope, move || observer.keep(placed))
            .map_err(|_| Failure::Threads { given: 0, wanted: 1 })?;
        let shift = Shift { over: &over, thread: observing.thread().clone() };
        // An error where it does not stall, or cannot; then that is in the log.
        _ = is_placed.recv();
        let done = work();
        drop(shift);
        let seen = observing.join().unwrap_or_else(|payload| {
            log.report(Violation::Panicked { message: panic_message(&*payload) });
            Seen::default()
        });
        Ok((done?, seen))
    })
}
