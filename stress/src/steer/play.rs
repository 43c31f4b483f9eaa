//! Runs a case once, with its threads jittered or led.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;

use stampool::{StampedPool, Strategy};
use steered::{Mark, Preemption, Relay, jitter};

use super::case::NAMES;
use super::faulty::{DoubleOffer, Fault, Faulty, LostRemainder, ReorderedPublication, Untagged};
use super::subjects::{Overrun, WithStrategy, free_by_check_and_act, of_strategy};
use super::{Case, Finding, Mutant, Schedule, Switch, nameless};
use crate::board::Board;
use crate::names::{self, Slot, Table};
use crate::oracle::history::{RING, Recorded};
use crate::oracle::live::bound_blocks;
use crate::oracle::pattern::Extent;
use crate::oracle::violation::{Log, Violation, panic_message};
use crate::oracle::{Oracle, books};
use crate::run::lanes::sweep;
use crate::scenario::{Scenario, Stage};
use crate::strategies::pool;
use crate::subject::{Audited as _, Examined, Refused};
use crate::worker::{Desk, Lane, Worker};

/// What holds the threads up.
#[derive(Clone, Debug)]
pub enum Steering {
    /// The machine, and seeded delays at the points.
    Jittered,
    /// A relay, by this list of preemptions.
    Led(Vec<Preemption>),
}

/// What came of it.
#[derive(Debug)]
pub struct Ending {
    /// What was found, first things first.
    pub violations: Vec<Violation>,
    /// Where the first thing was found, by whom; none where it was found when all had ended.
    pub mark: Option<Mark>,
    /// The accesses of each thread, where they were led.
    pub steps: Vec<u64>,
    /// Whether a relay gave up: the threads then ran freely.
    pub gave_up: bool,
}

impl Finding {
    /// What a run found first.
    pub fn of(ending: &Ending) -> Option<Self> {
        let violation = ending.violations.first().filter(|_| !ending.gave_up)?;
        let at = ending.mark.map(|Mark { thread, step }| (thread, step));
        Some(Self { violation: nameless(violation), at })
    }
}

impl Schedule {
    /// Runs it once.
    ///
    /// # Errors
    /// A pool that cannot be built.
    pub fn run(&self) -> Result<Option<Finding>, Refused> {
        let preemption = |s: &Switch| Preemption { thread: s.thread, step: s.step, to: s.to };
        let led = Steering::Led(self.switches.iter().map(preemption).collect());
        Ok(Finding::of(&play(&self.case, &led)?))
    }
}

/// Steps of one thread, above which it is taken for one that waits for ever.
const LIMIT: u64 = 100_000;

/// Runs `case` once.
///
/// # Errors
/// A pool that cannot be built.
pub fn play(case: &Case, steering: &Steering) -> Result<Ending, Refused> {
    let (layout, batch) = (case.layout()?, case.batch);
    match case.mutant {
        _ if case.scenario == NAMES => names(case, steering),
        Mutant::None => of_strategy(&case.strategy, Sound { case, steering })
            .unwrap_or_else(|| Err(Refused(format!("there is no strategy {}", case.strategy)))),
        Mutant::Untagged => mutated::<Untagged>(case, steering),
        Mutant::LostRemainder => mutated::<LostRemainder>(case, steering),
        Mutant::DoubleOffer => mutated::<DoubleOffer>(case, steering),
        Mutant::ReorderedPublication => mutated::<ReorderedPublication>(case, steering),
        Mutant::PatternOverrun => blocks(Overrun::new(layout, batch)?, case, steering),
        Mutant::StaleStamp => Err(Refused("stale names need the scenario names".to_owned())),
    }
}

/// The shipped pool.
struct Sound<'a> {
    case: &'a Case,
    steering: &'a Steering,
}

impl WithStrategy<Result<Ending, Refused>> for Sound<'_> {
    fn run<S: Strategy>(self) -> Result<Ending, Refused> {
        blocks(pool::<S>(self.case.layout()?, self.case.batch)?, self.case, self.steering)
    }
}

fn mutated<F: Fault>(case: &Case, steering: &Steering) -> Result<Ending, Refused> {
    blocks(pool::<Faulty<F>>(case.layout()?, case.batch)?, case, steering)
}

/// Blocks, under a scenario and all oracles.
fn blocks<U: Examined>(subject: U, case: &Case, steering: &Steering) -> Result<Ending, Refused> {
    let Some(scenario) = case.scenario() else {
        return Err(Refused(format!("there is no scenario {}", case.scenario)));
    };
    let mut subject = Recorded::new(subject, RING);
    let batch = subject.batch_blocks();
    let stage = Stage::new(scenario, case.threads, batch);
    let room = bound_blocks(stage.most_live(batch), case.threads, batch);
    let (log, board) = (Log::default(), Board::new(case.threads));
    let desk = Desk {
        log: &log,
        board: &board,
        oracle: case.checked.then(|| Oracle::type_stable(subject.layout(), Extent::Whole, room)),
        live: scenario.live(),
        limit: None,
        pins: None,
        batch,
    };
    let total = (case.ops * case.threads) as u64;
    let lanes: Vec<Mutex<Lane>> = (0_u16..)
        .take(case.threads)
        .map(|index| {
            let quota = stage.quota(total, usize::from(index));
            Mutex::new(Lane::new(index, case.seed, quota))
        })
        .collect();
    let led = on_threads(case, steering, desk.log, |index| {
        let mut lane = lanes[index].lock().unwrap_or_else(PoisonError::into_inner);
        live_through(&subject, &stage, &desk, &mut lane);
    });
    let lanes =
        lanes.into_iter().map(|lane| lane.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut lanes: Vec<Lane> = lanes.collect();
    caught(desk.log, || {
        if desk.log.is_clean() {
            sweep(&subject, &stage, &desk, &mut lanes);
        }
        // The drain and the census below change what these say.
        let (carved, magazine_counts) = (subject.carved_blocks(), subject.magazine_counts());
        if desk.log.is_clean() {
            books::drain(&subject, desk.log);
        }
        if desk.log.is_clean() {
            books::balance(&mut subject, 0, desk.log);
        }
        // Last, since a lost block says more than its consequence for the bound.
        if desk.log.is_clean() {
            let peak = desk.live.peak(lanes.iter().map(|lane| lane.gauge));
            books::bound(carved, peak, bound_blocks(peak, case.threads, batch), desk.log);
            books::magazines(&magazine_counts, desk.log);
        }
        subject.check(desk.log);
    });
    Ok(ending(log, led))
}

/// Names of a pool, whose free may be the mutant's.
fn names(case: &Case, steering: &Steering) -> Result<Ending, Refused> {
    let built = StampedPool::<Slot>::builder().batch(case.batch).build_stamped(Slot::default);
    let pool = built.map_err(|error| Refused(error.to_string()))?;
    let is_mutant = case.mutant == Mutant::StaleStamp;
    let free = if is_mutant { free_by_check_and_act } else { names::free };
    let log = Log::default();
    let table = Table::new(&pool, free, &log, case.threads, case.ops);
    let led = on_threads(case, steering, &log, |index| {
        table.play(u16::try_from(index).expect("few threads"), case.seed);
    });
    caught(&log, || {
        if log.is_clean() {
            table.settle();
        }
    });
    Ok(ending(log, led))
}

fn ending(log: Log, relay: Option<Arc<Relay>>) -> Ending {
    Ending {
        violations: log.into_violations(),
        mark: relay.as_ref().and_then(|relay| relay.mark()),
        steps: relay.as_ref().map_or_else(Vec::new, |relay| relay.steps()),
        gave_up: relay.is_some_and(|relay| relay.gave_up()),
    }
}

/// Runs `body` on each thread. What panics is in the log.
fn on_threads(
    case: &Case,
    steering: &Steering,
    log: &Log,
    body: impl Fn(usize) + Sync,
) -> Option<Arc<Relay>> {
    let relay = match steering {
        Steering::Led(preemptions) => Some(Relay::new(case.threads, preemptions.clone(), LIMIT)),
        Steering::Jittered => {
            jitter(Some(case.seed));
            None
        }
    };
    let start = Barrier::new(case.threads);
    thread::scope(|scope| {
        for index in 0..case.threads {
            let (relay, body, start) = (relay.as_ref(), &body, &start);
            scope.spawn(move || {
                let _member = match relay {
                    Some(relay) => Some(relay.join(index)),
                    None => {
                        start.wait();
                        None
                    }
                };
                caught(log, || body(index));
            });
        }
    });
    if relay.is_none() {
        jitter(None);
    }
    relay
}

fn caught(log: &Log, work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        log.report(Violation::Panicked { message: panic_message(&*payload) });
    }
}

/// One lane: a handle, or one after the other where handles come and go.
fn live_through<U: Examined>(subject: &U, stage: &Stage, desk: &Desk, lane: &mut Lane) {
    loop {
        let stay = stage.stay(&mut lane.rng, desk.batch);
        lane.leave_at = stay.map_or(u64::MAX, |ops| lane.ops + ops);
        match subject.attach() {
            Ok(mut handle) => stage.play(&mut Worker::new(lane, desk, &mut handle)),
            Err(refused) => desk.log.report(Violation::Refused { reason: refused.to_string() }),
        }
        if stay.is_none() || lane.ops >= lane.quota || desk.log.stopped() {
            return;
        }
    }
}

/// Whether a scenario has the threads that it needs.
pub(super) fn fits(scenario: Option<Scenario>, threads: usize) -> bool {
    threads >= scenario.map_or(1, Scenario::min_threads)
}
