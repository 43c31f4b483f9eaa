//! An execution graph as a checker shows it, and its translation into the enumerator's form.

use std::collections::BTreeMap;

use crate::model::{Graph, Outcome, StepId};
use crate::program::{Op, Program};

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenKind {
    /// The initial write of a location.
    Init,
    /// A read. The read of an RMW is an event by itself.
    Read,
    /// A write. The write of an RMW is an event by itself.
    Write,
    /// Anything else; fences too.
    Other,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenEvent {
    /// What it is.
    pub kind: SeenKind,
    /// For a read the thread and place of the write that it reads.
    pub source: Option<(usize, usize)>,
}

/// One graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenGraph {
    /// The events of the main thread, then those of the others in the order of their start.
    pub threads: Vec<Vec<SeenEvent>>,
    /// Per location its writes in modification order.
    pub modifications: Vec<Vec<(usize, usize)>>,
}

/// The accesses that a thread of the program makes in an execution with this outcome: the step and
/// the kind of each.
fn expected(program: &Program, outcome: &Outcome, thread: usize) -> Vec<(StepId, SeenKind)> {
    let mut accesses = Vec::new();
    let mut reads = outcome.reads[thread].iter();
    let mut last = 0;
    for (number, step) in program.threads[thread].iter().enumerate() {
        let id = StepId { thread, step: number };
        let found = if step.op.reads() { reads.next().copied().flatten() } else { None };
        if !step.guard.holds(last) {
            continue;
        }
        let writes = match step.op {
            Op::Store(..) | Op::Add(..) | Op::Swap(..) => true,
            Op::Exchange(_, old, ..) => found == Some(old),
            Op::Load(..) | Op::Fence(_) => false,
        };
        if let Some(found) = found {
            accesses.push((id, SeenKind::Read));
            last = found;
        }
        accesses.extend(writes.then_some((id, SeenKind::Write)));
    }
    accesses
}

/// The graph in the enumerator's form.
///
/// # Errors
/// If the graph's accesses are not those that the outcome implies.
pub(crate) fn translate(
    seen: &SeenGraph,
    program: &Program,
    outcome: &Outcome,
) -> Result<Graph, String> {
    let mut steps: BTreeMap<(usize, usize), Option<StepId>> = BTreeMap::new();
    let mut sources = Vec::new();
    for (number, events) in seen.threads.iter().enumerate() {
        for (place, event) in events.iter().enumerate() {
            if event.kind == SeenKind::Init {
                steps.insert((number, place), None);
            }
        }
        let Some(thread) = number.checked_sub(1) else { continue };
        let accesses = events
            .iter()
            .enumerate()
            .filter(|(_, event)| matches!(event.kind, SeenKind::Read | SeenKind::Write));
        let expected = expected(program, outcome, thread);
        if accesses.clone().count() != expected.len() {
            return Err(format!("thread {thread} has {events:?} instead of {expected:?}"));
        }
        for ((place, event), (step, kind)) in accesses.zip(expected) {
            if event.kind != kind {
                return Err(format!("{event:?} is no {kind:?} of {step:?}"));
            }
            match event.source.filter(|_| kind == SeenKind::Read) {
                Some(source) => sources.push((step, source)),
                None => drop(steps.insert((number, place), Some(step))),
            }
        }
    }
    let step = |id: &(usize, usize)| steps.get(id).copied().ok_or(format!("no write at {id:?}"));
    let mut reads_from = Vec::new();
    for (read, source) in &sources {
        reads_from.push((*read, step(source)?));
    }
    reads_from.sort_unstable();
    let mut modifications = Vec::new();
    for order in &seen.modifications {
        let writes: Result<Vec<_>, String> = order.iter().map(step).collect();
        modifications.push(writes?.into_iter().flatten().collect());
    }
    Ok(Graph { reads_from, modifications })
}
