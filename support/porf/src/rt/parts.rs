//! What the runtime keeps for its parts.

use core::any::Any;
use core::mem;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Place;
use crate::graph::Id;

/// The thread-local values of a thread, by the address of their key.
#[derive(Default)]
pub(crate) struct Locals {
    pub(super) values: Vec<(usize, Option<Rc<dyn Any>>)>,
}

/// What all counted references to a value share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The location of the count, if the model has it.
    pub(crate) count: Option<Id>,
    pub(crate) object: u64,
    /// Where they were made.
    pub(crate) place: Place,
}

/// What is alive in this run.
#[derive(Default)]
pub(crate) struct Objects {
    pub(super) alive: BTreeMap<u64, (&'static str, Place)>,
    pub(super) allocations: BTreeMap<usize, u64>,
    pub(super) next: u64,
    /// What the counted references share, by the address of their value.
    pub(super) shared: BTreeMap<usize, Arc<Shared>>,
    /// The values of statics, by the address of the static.
    pub(super) statics: Vec<(usize, Rc<dyn Any>)>,
    /// The addresses of the statics that have a location, in the order of their first use by any
    /// run of the exploration: the place in the list is the location's name.
    pub(super) addresses: Vec<usize>,
}

impl Objects {
    pub(super) fn begin_run(&mut self) {
        self.alive.clear();
        self.allocations.clear();
        self.shared.clear();
        self.next = 0;
        // A run that did not end left them; their destructors would run outside of any thread.
        mem::forget(mem::take(&mut self.statics));
    }

    /// What was not dropped.
    pub(super) fn leaked(&self) -> Option<String> {
        let (what, place) = self.alive.values().next()?;
        let others = self.alive.len() - 1;
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        Some(format!("{what} leaked (made at {place}){more}"))
    }
}

/// What is known about yields and counts, from run to run.
#[derive(Default)]
pub(crate) struct Spins {
    /// Where counted references are made whose count the model has, because the program asks for
    /// it.
    pub(super) counted: Vec<Place>,
    /// Yields that do not wait.
    pub(super) unrolled: Vec<Place>,
    /// Yields that some run has tested.
    pub(super) tested: Vec<Place>,
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
        if !self.unrolled.contains(&place) {
            self.unrolled.push(place);
        }
        self.trial = None;
        self.restart = true;
    }
}
