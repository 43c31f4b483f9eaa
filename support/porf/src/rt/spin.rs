//! Loops that wait: `yield_now` and `spin_loop`.
//!
//! A thread that yields after it only read (since its last write, lock or the like) waits: nothing
//! would change if it ran its loop again and read the same. It goes on when another graph lets one
//! of its reads read another write. A turn of the loop that ends in vain is therefore in no graph
//! that runs to its end, however often a real thread would turn: the turns in vain change nothing,
//! and taking reads away from a consistent graph leaves a consistent one.
//!
//! This holds only if the loop really does nothing else. In each run that ends with a thread that
//! waits, the thread's loop runs more turns on the values that it has read. If the thread then does
//! anything but read these locations, or leaves the loop, then the yield does not wait: the
//! exploration begins anew, and unrolls the loops that yield at this place. One run says nothing
//! about the next, because a loop may give up for some values only, or be called with a limit.
//!
//! A thread that waits, and whose loop has read the last value of everything that it reads, spins
//! for ever.

use super::trial::Trial;
use super::{Place, Runtime, Wait, is_unwinding, suspend, with};
use crate::graph::{Event, Id, Kind};

/// How many more turns a loop runs for the test, the first time that its place is tested.
const FIRST_TURNS: u32 = 4096;

/// How many turns it runs in each later run.
const TURNS: u32 = 64;

/// A loop that reads so often and does not yield does not end.
const READS_WITHOUT_A_YIELD: u32 = 1 << 16;

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
            trial.reads_of_turn = 0;
            let is_known = self.spins.known.tested.contains(&trial.place);
            if trial.turns < if is_known { TURNS } else { FIRST_TURNS } {
                return false;
            }
            if !is_known {
                self.spins.known.tested.push(trial.place);
            }
            self.spins.loops.extend(self.spins.trial.take());
            return true;
        }
        let guide = self.options.guide.as_ref();
        let is_unrolled = self.spins.known.unrolled.contains(&place)
            || guide.is_some_and(|guide| guide.unrolls(place));
        if is_unrolled || self.last_reads(self.current).next().is_none() {
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

    /// Where a thread waits, and the creations of the locations that its loop reads.
    pub(super) fn spin(&self, thread: usize) -> (Option<Place>, impl Iterator<Item = Id> + '_) {
        let at = self.spins.waits.iter().find(|(waiting, _)| *waiting == thread);
        let tested = self.spins.loops.iter().filter(move |tested| tested.thread == thread);
        (at.map(|&(_, place)| place), tested.flat_map(|tested| tested.looped.iter().copied()))
    }

    /// Begins the trial of a thread that waits, if this run has not tested it.
    pub(super) fn begin_trial(&mut self) -> bool {
        let waits = core::mem::take(&mut self.spins.waits);
        let untested = waits.iter().find(|(thread, _)| {
            let is_tested = self.spins.loops.iter().any(|tested| tested.thread == *thread);
            !is_tested && self.threads[*thread].wait == Wait::Spin
        });
        let trial = untested.map(|&(thread, place)| {
            let init = |event: &Event| self.graph.location(event.location).co[0];
            let reads = self.last_reads(thread).map(|event| (init(event), event.value)).collect();
            Trial { thread, place, turns: 0, reads_of_turn: 0, reads, looped: Vec::new() }
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
    pub(super) fn respin(
        &mut self,
        location: Id,
        new: impl Fn(u128) -> Option<u128>,
    ) -> Option<u128> {
        let trial = self.spins.trial.as_mut().filter(|trial| trial.thread == self.current)?;
        let &(_, value) = trial.reads.iter().find(|(other, _)| *other == location)?;
        trial.reads_of_turn += 1;
        if new(value).is_some() || trial.reads_of_turn > READS_WITHOUT_A_YIELD {
            return None;
        }
        if !trial.looped.contains(&location) {
            trial.looped.push(location);
        }
        Some(value)
    }

    /// Whether a thread that waits could have read another value than the one it waits on. Only
    /// the last read of each location that its loop reads counts: with these the loop was tested.
    pub(super) fn could_go_on(&self, thread: usize) -> bool {
        let Some(tested) = self.spins.loops.iter().find(|tested| tested.thread == thread) else {
            return true;
        };
        tested.looped.iter().any(|&location| {
            let number = self.graph.event(location).location;
            let Some(read) = self.last_reads(thread).find(|read| read.location == number) else {
                return true;
            };
            let later = self.graph.location(read.location).co.iter().rev();
            later
                .take_while(|&&write| write != read.source)
                .any(|&write| self.graph.event(write).value != read.value)
        })
    }
}
