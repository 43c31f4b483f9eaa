//! One scenario on one subject: the threads, the clock, and the checks at the end.

use core::sync::atomic::AtomicBool;
use core::time::Duration;
use std::panic;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::gate::Gate;
use crate::memory::Sample;
use crate::oracle::live::bound_blocks;
use crate::oracle::pattern::Extent;
use crate::oracle::violation::{Log, StopOnPanic, Violation, panic_message};
use crate::oracle::{Oracle, books};
use crate::scenario::{Scenario, Stage};
use crate::subject::{Mechanism, Refused, Shelves, Subject};
use crate::watch::{Seen, Shift, Stall, Watch};
use crate::worker::{Desk, Lane, Worker};

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// After about this many operations, over all threads.
    Ops(u64),
    /// After this time.
    Time(Duration),
}

/// What to run, apart from the subject.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// Threads at work at once.
    pub threads: usize,
    /// When it ends.
    pub budget: Budget,
    /// Seed of all random choices.
    pub seed: u64,
    /// Whether each block is checked as it comes and goes; the books always are.
    pub checked: bool,
    /// How one more thread is held up meanwhile, if at all.
    pub stall: Option<Stall>,
}

impl Plan {
    /// Handles at one time: the T of the memory bound.
    pub fn handles(&self) -> usize {
        self.threads + usize::from(self.stall.is_some())
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the subject synchronises.
    pub mechanism: Mechanism,
    /// Blocks per batch.
    pub batch: usize,
    /// Allocations and deallocations of the threads.
    pub ops: u64,
    /// Wall-clock time from the first thread's start to the last one's end.
    pub elapsed: Duration,
    /// Blocks ever cut from chunks.
    pub carved_blocks: usize,
    /// Most blocks live at once, never too low.
    pub peak_live_blocks: usize,
    /// The memory bound for that peak.
    pub bound_blocks: usize,
    /// Most shells seen waiting, at one of the looks that were taken.
    pub peak_limbo_shells: usize,
    /// Memory over the run's time, with the drain and the sweep after it.
    pub memory: Vec<Sample>,
    /// The shells at the end.
    pub shelves: Shelves,
    /// What was found wrong, first things first.
    pub violations: Vec<Violation>,
}

/// Runs `plan` on `subject`.
///
/// # Errors
/// The system has no more threads.
///
/// # Panics
/// If `plan.threads` is 0, below the scenario's minimum, or too many for an owner word.
pub fn run<U: Subject>(mut subject: U, plan: &Plan) -> Result<Outcome, Refused> {
    assert!(plan.threads >= plan.scenario.min_threads(), "too few threads for the scenario");
    let batch = subject.batch_blocks();
    let stage = Stage::new(plan.scenario, plan.threads, batch);
    let room = bound_blocks(stage.most_live(batch), plan.handles(), batch);
    let desk = Desk {
        log: Log::default(),
        oracle: plan.checked.then(|| Oracle::type_stable(subject.layout(), Extent::Whole, room)),
        live: plan.scenario.live(),
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

    let (elapsed, seen) = watched(&subject, plan, &desk, || {
        let elapsed = race(&subject, &stage, &desk, &mut lanes, plan.budget)?;
        // After a violation, blocks are out of circulation and the books say nothing.
        if desk.log.is_clean() {
            sweep(&subject, &stage, &desk, &mut lanes);
        }
        // Whoever sleeps keeps no block from the others.
        if plan.stall.is_some() && desk.log.is_clean() {
            books::drain(&subject, &desk.log);
        }
        Ok(elapsed)
    })?;
    let ops = lanes.iter().map(|lane| lane.ops).sum();
    let peak = desk.live.peak(lanes.iter().map(|lane| lane.gauge));
    let bound = bound_blocks(peak, plan.handles(), batch);
    if desk.log.is_clean() {
        books::bound(subject.carved_blocks(), peak, bound, &desk.log);
        books::shelves(&subject.shelves(), &desk.log);
    }
    // The census below pushes shells about, which may count.
    let shelves = subject.shelves();
    if desk.log.is_clean() {
        books::balance(&mut subject, 0, &desk.log);
        books::drain(&subject, &desk.log);
        books::balance(&mut subject, 0, &desk.log);
    }
    Ok(Outcome {
        mechanism: subject.mechanism(),
        batch,
        ops,
        elapsed,
        carved_blocks: subject.carved_blocks(),
        peak_live_blocks: peak,
        bound_blocks: bound,
        peak_limbo_shells: seen.peak_limbo_shells,
        memory: seen.memory.into_samples(),
        shelves,
        violations: desk.log.into_violations(),
    })
}

/// Does `work` beside a thread that looks at the shelves, and stalls if the plan says so. Returns
/// what the work gives, and what was seen.
fn watched<U: Subject, R>(
    subject: &U,
    plan: &Plan,
    desk: &Desk,
    work: impl FnOnce() -> Result<R, Refused>,
) -> Result<(R, Seen), Refused> {
    let Desk { log, live, .. } = desk;
    let over = AtomicBool::new(false);
    let watch = Watch { subject, log, live, stall: plan.stall, over: &over };
    thread::scope(|scope| {
        let (placed, is_placed) = mpsc::channel();
        let watcher = thread::Builder::new()
            .spawn_scoped(scope, move || watch.keep(placed))
            .map_err(|_| Refused("the system gave no thread to watch".to_owned()))?;
        let shift = Shift { over: &over, watcher: watcher.thread().clone() };
        // An error where it does not stall, or cannot; then that is in the log.
        _ = is_placed.recv();
        let done = work();
        drop(shift);
        let seen = watcher.join().unwrap_or_else(|payload| {
            log.report(Violation::Panicked { message: panic_message(&*payload) });
            Seen::default()
        });
        Ok((done?, seen))
    })
}

/// Lets all lanes run at once, until each is done or time is up.
fn race<U: Subject>(
    subject: &U,
    stage: &Stage,
    desk: &Desk,
    lanes: &mut [Lane],
    budget: Budget,
) -> Result<Duration, Refused> {
    let gate = Gate::default();
    thread::scope(|scope| {
        let wanted = lanes.len();
        let mut spawned = Vec::with_capacity(wanted);
        for lane in lanes {
            let gate = &gate;
            let lane_thread = move || {
                let _guard = StopOnPanic(&desk.log);
                let began = gate.pass();
                if let Budget::Time(limit) = budget {
                    lane.deadline = Some(began + limit);
                }
                live_through(subject, stage, desk, lane);
                Instant::now()
            };
            match thread::Builder::new().spawn_scoped(scope, lane_thread) {
                Ok(thread) => spawned.push(thread),
                Err(_) => break,
            }
        }
        let missing = wanted - spawned.len();
        if missing > 0 {
            desk.log.stop();
        }
        let began = gate.open_for(spawned.len());
        let ends = spawned
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|payload| panic::resume_unwind(payload)));
        let ended = ends.max().unwrap_or(began);
        if missing > 0 {
            return Err(Refused(format!("the system gave {missing} of {wanted} threads too few")));
        }
        Ok(ended.duration_since(began))
    })
}

/// One lane: a thread with a handle, or one after the other where handles come and go.
///
/// The lane waits for each before the next begins, so that handles never outnumber lanes:
/// T of the memory bound.
fn live_through<U: Subject>(subject: &U, stage: &Stage, desk: &Desk, lane: &mut Lane) {
    loop {
        let stay = stage.stay(&mut lane.rng, desk.batch);
        lane.leave_at = stay.map_or(u64::MAX, |ops| lane.ops + ops);
        let joined = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _guard = StopOnPanic(&desk.log);
                    match subject.attach() {
                        Ok(handle) => stage.play(&mut Worker::new(lane, desk, &handle)),
                        Err(refused) => desk.log.report(Violation::Refused { reason: refused.0 }),
                    }
                })
                .join()
        });
        if let Err(payload) = joined {
            let message = panic_message(&*payload);
            desk.log.report(Violation::Panicked { message });
        }
        if stay.is_none() || lane.ops >= lane.quota || desk.log.stopped() {
            return;
        }
    }
}

/// Frees what the last threads left for others.
fn sweep<U: Subject>(subject: &U, stage: &Stage, desk: &Desk, lanes: &mut [Lane]) {
    let carried: Vec<_> = lanes.iter_mut().flat_map(|lane| lane.carried.drain(..)).collect();
    match subject.attach() {
        Ok(handle) => {
            let mut worker = Worker::new(&mut lanes[0], desk, &handle);
            for block in carried.into_iter().chain(stage.leftovers()) {
                worker.free(block);
            }
        }
        Err(refused) => desk.log.report(Violation::Refused { reason: refused.0 }),
    }
}
