//! The abstract list: what every operation does, step by step.

use super::scenario::{Op, Scenario, outcome};
use crate::scenarios::Shape;
use crate::spec::Machine;

/// A list, and how far each thread is in its program.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct List {
    shape: Shape,
    /// The stack that removals look at first, from the bottom.
    first: Vec<u8>,
    /// The other one, where there are two.
    other: Vec<u8>,
    /// Removals in flight, where they are counted.
    poppers: usize,
    /// Who holds the lock, where there is one.
    locked_by: Option<usize>,
    threads: Vec<Actor>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Actor {
    todo: &'static [Op],
    step: Step,
    /// Blocks, and whether the magazine came out of a list.
    holds: Vec<(u8, bool)>,
    /// What each removal brought.
    log: Vec<Vec<u8>>,
}

/// How far a removal from two lists has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Begin,
    /// Counted as a popper.
    Entered,
    /// Has seen the main list empty, or wants both.
    WantsLock,
    /// Looks at the main list again, under the lock.
    LooksAgain,
    /// Knows whether it is the only popper.
    Checked {
        alone: bool,
    },
    /// Has taken all of the main list, and goes on with the second.
    HasMain,
    /// Has what it wanted.
    Leaves,
}

impl List {
    pub(super) fn new(scenario: &Scenario, shape: Shape) -> Self {
        let actor = |program: &super::Program| Actor {
            todo: program.ops,
            step: Step::Begin,
            holds: program.holds.iter().map(|id| (*id, false)).collect(),
            log: Vec::new(),
        };
        let mut list = Self {
            shape,
            first: Vec::new(),
            other: Vec::new(),
            poppers: 0,
            locked_by: None,
            threads: scenario.threads.iter().map(actor).collect(),
        };
        scenario.stack.iter().for_each(|id| list.push(*id, false));
        list
    }

    fn push(&mut self, id: u8, was_listed: bool) {
        match self.shape {
            Shape::Sides if was_listed => self.other.push(id),
            Shape::Stack | Shape::Sides => self.first.push(id),
            Shape::TwoLists => self.other.push(id),
        }
    }

    /// Gives `thread` what `op` removes from a stack. False where there is nothing.
    fn remove(&mut self, thread: usize, op: Op, from: fn(&mut Self) -> &mut Vec<u8>) -> bool {
        let stack = from(self);
        let count = match op {
            Op::Pop => 1,
            Op::PopUpTo(max) => max,
            _ => usize::MAX,
        };
        let at = stack.len() - count.min(stack.len());
        let taken: Vec<u8> = stack.drain(at..).rev().collect();
        let found = !taken.is_empty();
        self.threads[thread].log.last_mut().expect("begun").extend(&taken);
        self.threads[thread].holds.extend(taken.iter().map(|id| (*id, true)));
        found
    }

    /// One step. False: it must wait.
    fn advance(&mut self, thread: usize) -> bool {
        let op = self.threads[thread].todo[0];
        let done = match op {
            Op::Push => {
                if !self.threads[thread].holds.is_empty() {
                    let (id, was_listed) = self.threads[thread].holds.remove(0);
                    self.push(id, was_listed);
                }
                true
            }
            Op::PushNew(id) => {
                self.push(id, false);
                true
            }
            Op::Pop | Op::PopUpTo(_) | Op::TakeAll if self.shape != Shape::TwoLists => {
                self.threads[thread].log.push(Vec::new());
                let found = self.remove(thread, op, |list| &mut list.first);
                if !found || op == Op::TakeAll {
                    self.remove(thread, op, |list| &mut list.other);
                }
                true
            }
            _ => match self.removal_of_two(thread, op) {
                Some(step) => {
                    self.threads[thread].step = step;
                    step == Step::Begin
                }
                None => return false,
            },
        };
        if done {
            self.threads[thread].todo = &self.threads[thread].todo[1..];
        }
        true
    }

    /// The next step of a removal from two lists; [`Step::Begin`] when it is over. `None`: it
    /// waits.
    fn removal_of_two(&mut self, thread: usize, op: Op) -> Option<Step> {
        let step = self.threads[thread].step;
        Some(match step {
            Step::Begin => {
                self.threads[thread].log.push(Vec::new());
                if op == Op::TakeAll {
                    Step::WantsLock
                } else {
                    self.poppers += 1;
                    Step::Entered
                }
            }
            Step::Entered if self.remove(thread, op, |list| &mut list.first) => Step::Leaves,
            Step::Entered => {
                self.poppers -= 1;
                Step::WantsLock
            }
            Step::WantsLock if self.locked_by.is_some() => return None,
            Step::WantsLock => {
                self.locked_by = Some(thread);
                self.poppers += 1;
                Step::LooksAgain
            }
            Step::LooksAgain if op == Op::TakeAll => {
                self.remove(thread, op, |list| &mut list.first);
                Step::HasMain
            }
            Step::LooksAgain
                if self.remove(thread, op, |list| &mut list.first) || !self.first.is_empty() =>
            {
                self.locked_by = None;
                Step::Leaves
            }
            Step::LooksAgain => Step::Checked { alone: self.poppers == 1 },
            Step::Checked { alone: true } if !self.other.is_empty() => {
                self.first = core::mem::take(&mut self.other);
                Step::LooksAgain
            }
            Step::Checked { .. } | Step::HasMain => {
                self.remove(thread, op, |list| &mut list.other);
                self.locked_by = None;
                Step::Leaves
            }
            Step::Leaves => {
                self.poppers -= 1;
                Step::Begin
            }
        })
    }
}

impl Machine for List {
    fn threads(&self) -> usize {
        self.threads.len()
    }

    fn is_running(&self, thread: usize) -> bool {
        !self.threads[thread].todo.is_empty()
    }

    fn step(&self, thread: usize) -> Vec<Self> {
        let mut next = self.clone();
        if next.advance(thread) { vec![next] } else { vec![] }
    }

    fn outcome(&self) -> String {
        // Drained, the first stack comes first.
        let left = [&self.other[..], &self.first[..]].concat();
        outcome(self.threads.iter().map(|actor| &actor.log[..]), &left)
    }
}
