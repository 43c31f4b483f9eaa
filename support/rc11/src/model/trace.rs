//! What a thread may do by itself: its events, for every value that its reads could give.

use std::collections::BTreeSet;

use super::event::{Event, Kind, StepId};
use crate::program::{Op, Order, Program, Step};

/// The events of one thread, in program order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) events: Vec<Event>,
    /// What each step that reads gave; `None` if it was skipped.
    pub(crate) reads: Vec<Option<u64>>,
    last_read: u64,
}

impl Trace {
    fn push(&mut self, step: StepId, kind: Kind, location: usize, value: u64, order: Order) {
        let (step, order) = (Some(step), Some(order));
        let (update, failed) = (false, false);
        self.events.push(Event { step, kind, location, value, order, update, failed });
    }

    fn read(&mut self, step: StepId, location: usize, value: u64, order: Order) {
        self.push(step, Kind::Read, location, value, order);
        self.reads.push(Some(value));
        self.last_read = value;
    }

    fn update(&mut self, step: StepId, location: usize, found: u64, new: u64, order: Order) {
        self.read(step, location, found, order);
        self.push(step, Kind::Write, location, new, order);
        self.events.last_mut().expect("an event was just added").update = true;
    }

    /// The trace with one more step that finds `found`, if it reads.
    fn with(&self, id: StepId, op: Op, found: u64) -> Self {
        let mut trace = self.clone();
        let last = self.last_read;
        match op {
            Op::Load(location, order) => trace.read(id, location, found, order),
            Op::Store(location, value, order) => {
                trace.push(id, Kind::Write, location, value.given(last), order);
            }
            Op::Add(location, value, order) => {
                let sum = found.wrapping_add(value.given(last));
                trace.update(id, location, found, sum, order);
            }
            Op::Swap(location, value, order) => {
                trace.update(id, location, found, value.given(last), order);
            }
            Op::Exchange(location, old, new, success, _) if found == old => {
                trace.update(id, location, found, new.given(last), success);
            }
            Op::Exchange(location, _, _, _, failure) => {
                trace.read(id, location, found, failure);
                trace.events.last_mut().expect("an event was just added").failed = true;
            }
            Op::Fence(order) => trace.push(id, Kind::Fence, 0, 0, order),
        }
        trace
    }
}

/// All traces of a thread, where a read of location `l` may give each of `values[l]`; `None` if
/// there are more than `most`.
fn of_thread(
    thread: usize,
    steps: &[Step],
    values: &[BTreeSet<u64>],
    most: usize,
) -> Option<Vec<Trace>> {
    let mut traces = vec![Trace::default()];
    for (number, step) in steps.iter().enumerate() {
        let id = StepId { thread, step: number };
        let mut longer = Vec::new();
        for trace in &traces {
            if !step.guard.holds(trace.last_read) {
                let mut skipped = trace.clone();
                skipped.reads.extend(step.op.reads().then_some(None));
                longer.push(skipped);
            } else if let (true, Some(location)) = (step.op.reads(), step.op.location()) {
                longer.extend(values[location].iter().map(|found| trace.with(id, step.op, *found)));
            } else {
                longer.push(trace.with(id, step.op, 0));
            }
            if longer.len() > most {
                return None;
            }
        }
        traces = longer;
    }
    Some(traces)
}

/// All traces of each thread; `None` if a thread has more than `most`.
///
/// The values that a read may give are those that some write of the same location writes. What a
/// write writes may depend on what was read, so the sets of values grow round by round. No value
/// of an execution needs more rounds than there are steps, because `sb` and `rf` have no cycle: a
/// value passes through each write at most once.
pub(crate) fn of_program(program: &Program, most: usize) -> Option<Vec<Vec<Trace>>> {
    let mut values = vec![BTreeSet::from([0]); program.locations()];
    let steps: usize = program.threads.iter().map(Vec::len).sum();
    for _ in 0..=steps {
        let traces = traces_of(program, &values, most)?;
        let before = values.clone();
        for event in traces.iter().flatten().flat_map(|trace| &trace.events) {
            if event.kind == Kind::Write {
                values[event.location].insert(event.value);
            }
        }
        if values == before {
            return Some(traces);
        }
    }
    traces_of(program, &values, most)
}

fn traces_of(program: &Program, values: &[BTreeSet<u64>], most: usize) -> Option<Vec<Vec<Trace>>> {
    let threads = program.threads.iter().enumerate();
    threads.map(|(thread, steps)| of_thread(thread, steps, values, most)).collect()
}
