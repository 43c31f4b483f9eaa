//! A program whose accesses are all `SeqCst` has exactly the outcomes of its interleavings.

use std::collections::BTreeSet;

use rc11_reference::{Op, Order, Outcome, Program, Size, Step, executions, random_program};

/// A state of the machine that runs one step at a time.
#[derive(Clone)]
struct State {
    memory: Vec<u64>,
    next: Vec<usize>,
    last: Vec<u64>,
    reads: Vec<Vec<Option<u64>>>,
}

impl State {
    fn step(&mut self, thread: usize, step: Step) {
        self.next[thread] += 1;
        let last = self.last[thread];
        if !step.guard.holds(last) {
            self.reads[thread].extend(step.op.reads().then_some(None));
            return;
        }
        let Some(at) = step.op.location() else { return };
        let found = self.memory[at];
        match step.op {
            Op::Store(_, value, _) | Op::Swap(_, value, _) => self.memory[at] = value.given(last),
            Op::Add(_, value, _) => self.memory[at] = found.wrapping_add(value.given(last)),
            Op::Exchange(_, old, new, ..) if old == found => self.memory[at] = new.given(last),
            _ => {}
        }
        if step.op.reads() {
            self.reads[thread].push(Some(found));
            self.last[thread] = found;
        }
    }
}

fn interleave(program: &Program, state: &State, outcomes: &mut BTreeSet<Outcome>) {
    let mut finished = true;
    for (thread, steps) in program.threads.iter().enumerate() {
        if let Some(step) = steps.get(state.next[thread]) {
            finished = false;
            let mut next = state.clone();
            next.step(thread, *step);
            interleave(program, &next, outcomes);
        }
    }
    if finished {
        outcomes.insert(Outcome { reads: state.reads.clone(), last: state.memory.clone() });
    }
}

fn interleavings(program: &Program) -> BTreeSet<Outcome> {
    let threads = program.threads.len();
    let state = State {
        memory: vec![0; program.locations()],
        next: vec![0; threads],
        last: vec![0; threads],
        reads: vec![Vec::new(); threads],
    };
    let mut outcomes = BTreeSet::new();
    interleave(program, &state, &mut outcomes);
    outcomes
}

/// The program with this ordering everywhere.
fn with_order(mut program: Program, order: Order) -> Program {
    for step in program.threads.iter_mut().flatten() {
        match &mut step.op {
            Op::Load(_, o) | Op::Store(_, _, o) | Op::Add(_, _, o) | Op::Swap(_, _, o) => {
                *o = order
            }
            Op::Exchange(_, _, _, success, failure) => (*success, *failure) = (order, order),
            Op::Fence(_) => {}
        }
    }
    program
}

#[test]
fn sequentially_consistent_accesses_interleave() {
    for number in 0..600 {
        let size = Size::of(2 + usize::from(number % 3 == 0));
        let program = with_order(random_program(&size, 3, number), Order::SeqCst);
        assert_eq!(executions(&program).outcomes, interleavings(&program), "{program}");
    }
}

/// Otherwise the test above would compare what is always equal.
#[test]
fn relaxed_accesses_do_more_than_interleave() {
    let mut more = 0;
    for number in 0..200 {
        let program = with_order(random_program(&Size::of(2), 3, number), Order::Relaxed);
        let (weak, strong) = (executions(&program).outcomes, interleavings(&program));
        assert!(weak.is_superset(&strong), "{program}");
        more += usize::from(weak != strong);
    }
    assert!(more > 0, "no program of 200 has a weak outcome");
}
