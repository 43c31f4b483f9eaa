//! The threads of a run.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic;
use std::thread;
use std::time::Instant;

use super::{Budget, Failure};
use crate::board::Phase;
use crate::gate::Gate;
use crate::oracle::violation::{StopOnPanic, Violation, panic_message};
use crate::scenario::Stage;
use crate::subject::Examined;
use crate::worker::{Desk, Lane, Worker};

/// Lets all lanes run at once, until each is done or time is up.
pub(super) fn race<U: Examined>(
    subject: &U,
    stage: &Stage,
    desk: &Desk<'_>,
    lanes: &mut [Lane],
    budget: Budget,
) -> Result<Duration, Failure> {
    let gate = Gate::default();
    thread::scope(|scope| {
        let wanted = lanes.len();
        let mut spawned = Vec::with_capacity(wanted);
        for lane in lanes {
            let gate = &gate;
            let lane_thread = move || {
                let _guard = StopOnPanic(desk.log);
                let began = gate.pass();
                if let Budget::Time(limit) = budget {
                    lane.deadline = Some(began + limit);
                }
                live_through(subject, stage, desk, lane).map(|()| Instant::now())
            };
            match thread::Builder::new().spawn_scoped(scope, lane_thread) {
                Ok(thread) => spawned.push(thread),
                Err(_) => break,
            }
        }
        let given = spawned.len();
        if given < wanted {
            desk.log.stop();
        }
        let began = gate.open_for(given);
        desk.board.begin(began);
        desk.board.harness.set(Phase::Joining, 0);
        let ends: Vec<_> = spawned
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|payload| panic::resume_unwind(payload)))
            .collect();
        if given < wanted {
            return Err(Failure::Threads { given, wanted });
        }
        let ends = ends.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(ends.into_iter().max().unwrap_or(began).duration_since(began))
    })
}

/// One lane: a thread with a handle or, where handles come and go, one thread after the other.
///
/// The lane waits for each before the next begins, so that handles never outnumber lanes:
/// T of the memory bound.
fn live_through<U: Examined>(
    subject: &U,
    stage: &Stage,
    desk: &Desk<'_>,
    lane: &mut Lane,
) -> Result<(), Failure> {
    loop {
        let stay = stage.stay(&mut lane.rng, desk.batch);
        lane.leave_at = stay.map_or(u64::MAX, |ops| lane.ops + ops);
        let lived = match stay {
            None => panic::catch_unwind(AssertUnwindSafe(|| live(subject, stage, desk, lane))),
            Some(_) => thread::scope(|scope| {
                let life = || live(subject, stage, desk, lane);
                let spawned = thread::Builder::new().spawn_scoped(scope, life);
                let thread = spawned.map_err(|_| {
                    // The others need not go on: there will be no result.
                    desk.log.stop();
                    Failure::Threads { given: 0, wanted: 1 }
                })?;
                Ok::<_, Failure>(thread.join())
            })?,
        };
        if let Err(payload) = lived {
            let message = panic_message(&*payload);
            desk.log.report(Violation::Panicked { message });
        }
        if stay.is_none() || lane.ops >= lane.quota || desk.log.stopped() {
            desk.board.lane(lane.index).set(Phase::Over, lane.ops);
            return Ok(());
        }
    }
}

/// One handle, from its beginning to its end, on the calling thread.
fn live<U: Examined>(subject: &U, stage: &Stage, desk: &Desk<'_>, lane: &mut Lane) {
    let _guard = StopOnPanic(desk.log);
    let post = desk.board.lane(lane.index);
    if let Some(pins) = &desk.pins {
        pins.pin(lane.index);
    }
    post.set(Phase::Attaching, lane.ops);
    match subject.attach() {
        Ok(mut handle) => {
            stage.play(&mut Worker::new(lane, desk, &mut handle));
            post.set(Phase::Leaving, lane.ops);
            drop(handle);
        }
        Err(refused) => desk.log.report(Violation::Refused { reason: refused.to_string() }),
    }
}

/// Frees what the last threads left for others.
pub(crate) fn sweep<U: Examined>(subject: &U, stage: &Stage, desk: &Desk<'_>, lanes: &mut [Lane]) {
    let carried: Vec<_> = lanes.iter_mut().flat_map(|lane| lane.carried.drain(..)).collect();
    match subject.attach() {
        Ok(mut handle) => {
            let mut worker = Worker::new(&mut lanes[0], desk, &mut handle);
            for block in carried.into_iter().chain(stage.leftovers()) {
                worker.free(block);
            }
        }
        Err(refused) => desk.log.report(Violation::Refused { reason: refused.to_string() }),
    }
}
