//! What the exploration knows about loops that wait, and the trial of such a loop:
//! [`spin`](super::spin) describes both. Kept from run to run.

use super::Place;
use crate::graph::Id;

/// What the runs of an exploration have found out about yields and counts.
#[derive(Clone, Default)]
pub(crate) struct Known {
    /// Where counted references are made whose count the model has, because the program asks for
    /// it.
    pub(super) counted: Vec<Place>,
    /// Yields that do not wait.
    pub(super) unrolled: Vec<Place>,
    /// Yields that some run has tested.
    pub(super) tested: Vec<Place>,
}

/// What is known about yields and counts, and the loops that this run tests.
#[derive(Default)]
pub(crate) struct Spins {
    pub(super) known: Known,
    /// The trials of this run that a loop has passed.
    pub(super) loops: Vec<Trial>,
    /// The exploration must begin anew.
    pub(super) restart: bool,
    /// Where each thread waits.
    pub(super) waits: Vec<(usize, Place)>,
    pub(super) trial: Option<Trial>,
}

/// More turns of a loop, without events.
pub(super) struct Trial {
    pub(super) thread: usize,
    pub(super) place: Place,
    pub(super) turns: u32,
    /// How many reads the present turn has.
    pub(super) reads_of_turn: u32,
    /// What the thread has read: locations and values, the newest first.
    pub(super) reads: Vec<(Id, u128)>,
    /// The locations that the loop reads.
    pub(super) looped: Vec<Id>,
}

impl Spins {
    pub(super) fn begin_run(&mut self) {
        self.waits.clear();
        self.loops.clear();
        self.trial = None;
    }

    /// The place of the yield whose trial an event of `thread` ends.
    pub(super) fn interrupted_by_an_event(&self, thread: usize) -> Option<Place> {
        let trial = self.trial.as_ref()?;
        (trial.thread == thread).then_some(trial.place)
    }

    /// The yield at this place does not wait.
    pub(super) fn unroll(&mut self, place: Place) {
        if !self.known.unrolled.contains(&place) {
            self.known.unrolled.push(place);
        }
        self.trial = None;
        self.restart = true;
    }
}
