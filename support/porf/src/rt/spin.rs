//! Loops that wait: `yield_now` and `spin_loop`.
//!
//! A thread that yields after it only read (since its last write, lock or the like) waits: nothing
//! would change if it ran its loop again and read the same. It goes on when another graph lets one
//! of its reads read another write. A turn of the loop that ends in vain is therefore in no graph
//! that runs to its end, however often a real thread would turn: the turns in vain change nothing,
//! and taking reads away from a consistent graph leaves a consistent one.
//!
//! This holds only if the loop really does nothing else. When a run ends with a thread that waits,
//! the thread's loop runs some more turns on the values that it has read. If the thread then does
//! anything but read these locations, or leaves the loop, then the yield does not wait: the
//! exploration begins anew, and unrolls the loop at this place.
//!
//! A thread that waits, and that has read the last value of everything, spins for ever.

use super::parts::Trial;
use super::{Place, Runtime, Wait, is_unwinding, suspend, with};
use crate::graph::{Event, Id, Kind};

/// How many more turns a loop runs for the test.
const TURNS: u32 = 20;

/// The thread yields.
pub(crate) fn yield_now(place: Place) {
    if is_unwinding() || with(|rt| !rt.waits_at(place)) {
        return;
    }
    // It runs again only for a trial.
    suspend(Wait::Spin);
}

/// Lets the thread go on only if `holds`.
pub(crate) fn assume(holds: bool) {
    if holds || is_unwinding() {
        return;
    }
    if with(|rt| rt.is_respinning()) {
        with(Runtime::end_trial);
    }
    loop {
        suspend(Wait::Assume);
    }
}

impl Runtime {
    /// Whether the yield of the current thread waits.
    fn waits_at(&mut self, place: Place) -> bool {
        if self.is_respinning() {
            let trial = self.spins.trial.as_mut().expect("it is on trial");
            trial.turns += 1;
            if trial.turns < TURNS {
                return false;
            }
            let place = trial.place;
            self.spins.tested.push(place);
            self.spins.trial = None;
            return true;
        }
        if self.spins.unrolled.contains(&place) || self.last_reads(self.current).next().is_none() {
            return false;
        }
        let current = self.current;
        self.spins.waits.retain(|&(thread, _)| thread != current);
        self.spins.waits.push((current, place));
        true
    }

    /// The reads at the end of the thread, behind everything else that it did.
    fn last_reads(&self, thread: usize) -> impl Iterator<Item = &Event> {
        let events = &self.graph.threads[thread][..self.threads[thread].reached];
        let only_reads = |event: &&Event| {
            event.kind == Kind::Fence || (event.is_read() && !event.exclusive && !event.refused)
        };
        events.iter().rev().take_while(only_reads).filter(|event| event.is_read())
    }

    /// Begins the trial of a thread that waits, if one has not been tested.
    pub(super) fn begin_trial(&mut self) -> bool {
        let waits = core::mem::take(&mut self.spins.waits);
        let untested = waits.iter().find(|(thread, place)| {
            !self.spins.tested.contains(place) && self.threads[*thread].wait == Wait::Spin
        });
        let trial = untested.map(|&(thread, place)| {
            let init = |event: &Event| self.graph.location(event.location).co[0];
            let reads = self.last_reads(thread).map(|event| (init(event), event.value)).collect();
            Trial { thread, place, turns: 0, reads }
        });
        self.spins.waits = waits;
        self.spins.trial = trial;
        match &self.spins.trial {
            Some(trial) => {
                self.threads[trial.thread].wait = Wait::Nothing;
                true
            }
            None => false,
        }
    }

    /// Ends the trial of a thread that left its loop without an event.
    pub(super) fn end_trial(&mut self) {
        if let Some(trial) = &self.spins.trial {
            let place = trial.place;
            self.spins.unroll(place);
        }
    }

    /// Whether the current thread is on trial.
    pub(crate) fn is_respinning(&self) -> bool {
        self.spins.trial.as_ref().is_some_and(|trial| trial.thread == self.current)
    }

    /// What a read of a thread on trial reads, if it is one of the loop's and still changes
    /// nothing.
    pub(super) fn respin(&self, location: Id, new: impl Fn(u128) -> Option<u128>) -> Option<u128> {
        let trial = self.spins.trial.as_ref().filter(|trial| trial.thread == self.current)?;
        let read = trial.reads.iter().find(|(other, _)| *other == location)?;
        new(read.1).is_none().then_some(read.1)
    }

    /// Whether a thread that waits could have read another value than the one it waits on.
    pub(super) fn could_go_on(&self, thread: usize) -> bool {
        self.last_reads(thread).any(|read| {
            let later = self.graph.location(read.location).co.iter().rev();
            later
                .take_while(|&&write| write != read.source)
                .any(|&write| self.graph.event(write).value != read.value)
        })
    }
}
