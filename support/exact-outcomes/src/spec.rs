//! Which outcomes may a scenario have? Enumerated from an abstract machine, never from a first run.
//!
//! An [`Object`] says what each operation does as ONE atomic step; [`interleavings`] gives every
//! outcome that some order of the threads' operations leads to. A step may branch ("may miss what
//! is pushed meanwhile") and may block. For machines that are no list of operations per thread
//! there is [`Machine`] and [`outcomes`].
//!
//! ```
//! use exact_outcomes::spec::{Object, interleavings};
//!
//! #[derive(Clone, PartialEq, Eq, Hash)]
//! struct Stack { blocks: Vec<u8>, popped: Vec<Option<u8>> }
//!
//! #[derive(Clone, PartialEq, Eq, Hash)]
//! enum Op { Push(u8), Pop }
//!
//! impl Object for Stack {
//!     type Op = Op;
//!     fn apply(&self, _thread: usize, op: &Op) -> Vec<Self> {
//!         let mut next = self.clone();
//!         match op {
//!             Op::Push(block) => next.blocks.push(*block),
//!             Op::Pop => { let block = next.blocks.pop(); next.popped.push(block) }
//!         }
//!         vec![next]
//!     }
//!     fn outcome(&self) -> String { format!("{:?}", self.popped) }
//! }
//!
//! let start = Stack { blocks: vec![], popped: vec![] };
//! let seen = interleavings(start, &[vec![Op::Pop], vec![Op::Push(7)]]);
//! assert!(seen.iter().eq(["[None]", "[Some(7)]"]));
//! ```

use core::hash::Hash;
use std::collections::{BTreeSet, HashSet};

pub use crate::object::Object;

/// A state of an abstract concurrent program.
pub trait Machine: Clone + Eq + Hash {
    /// How many threads there are.
    fn threads(&self) -> usize;

    /// Whether `thread` has something left to do.
    fn is_running(&self, thread: usize) -> bool;

    /// Every state that one step of `thread` may lead to. None: it must wait.
    fn step(&self, thread: usize) -> Vec<Self>;

    /// What is compared, once no thread is running.
    fn outcome(&self) -> String;
}

/// The outcomes of all orders in which the threads' programs can be done on `object`.
///
/// # Panics
/// Where some order ends with every thread waiting: a specification does not deadlock.
pub fn interleavings<O: Object>(object: O, programs: &[Vec<O::Op>]) -> BTreeSet<String> {
    let done = vec![0; programs.len()];
    outcomes(Programs { object, done, programs })
}

/// The outcomes of all executions that begin in `start`.
///
/// Each state is visited once, so the cost is the number of states, not of interleavings.
///
/// # Panics
/// Where some execution ends with every running thread waiting.
pub fn outcomes<M: Machine>(start: M) -> BTreeSet<String> {
    let mut outcomes = BTreeSet::new();
    let mut visited = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        let running: Vec<usize> = (0..state.threads()).filter(|&t| state.is_running(t)).collect();
        if running.is_empty() {
            outcomes.insert(state.outcome());
            continue;
        }
        let next: Vec<M> = running.iter().flat_map(|&thread| state.step(thread)).collect();
        assert!(!next.is_empty(), "the specification deadlocks: threads {running:?} all wait");
        for state in next {
            if visited.insert(state.clone()) {
                open.push(state);
            }
        }
    }
    outcomes
}

/// An [`Object`] and how far each thread has come in its program.
struct Programs<'p, O: Object> {
    object: O,
    done: Vec<usize>,
    programs: &'p [Vec<O::Op>],
}

// Not derived: a derive would ask for `O::Op: Clone` behind the reference and compare programs.
impl<O: Object> Clone for Programs<'_, O> {
    fn clone(&self) -> Self {
        Self { object: self.object.clone(), done: self.done.clone(), programs: self.programs }
    }
}

impl<O: Object> PartialEq for Programs<'_, O> {
    fn eq(&self, other: &Self) -> bool {
        self.done == other.done && self.object == other.object
    }
}

impl<O: Object> Eq for Programs<'_, O> {}

impl<O: Object> Hash for Programs<'_, O> {
    fn hash<H: core::hash::Hasher>(&self, hasher: &mut H) {
        self.done.hash(hasher);
        self.object.hash(hasher);
    }
}

impl<O: Object> Machine for Programs<'_, O> {
    fn threads(&self) -> usize {
        self.programs.len()
    }

    fn is_running(&self, thread: usize) -> bool {
        self.done[thread] < self.programs[thread].len()
    }

    fn step(&self, thread: usize) -> Vec<Self> {
        let op = &self.programs[thread][self.done[thread]];
        let mut done = self.done.clone();
        done[thread] += 1;
        let states = self.object.apply(thread, op).into_iter();
        states.map(|object| Self { object, done: done.clone(), programs: self.programs }).collect()
    }

    fn outcome(&self) -> String {
        self.object.outcome()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock and a counter that only its holder touches, in two steps.
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Guarded {
        holder: Option<usize>,
        count: u32,
        read: [u32; 2],
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    enum Op {
        Lock,
        Read,
        Write,
        Unlock,
        /// A step that may or may not do something.
        Maybe,
    }

    impl Object for Guarded {
        type Op = Op;

        fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
            let mut next = self.clone();
            match op {
                Op::Lock if self.holder.is_some() => return vec![],
                Op::Lock => next.holder = Some(thread),
                Op::Read => next.read[thread] = self.count,
                Op::Write => next.count = self.read[thread] + 1,
                Op::Unlock => next.holder = None,
                Op::Maybe => {
                    next.count += 10;
                    return vec![self.clone(), next];
                }
            }
            vec![next]
        }

        fn outcome(&self) -> String {
            self.count.to_string()
        }
    }

    const START: Guarded = Guarded { holder: None, count: 0, read: [0; 2] };

    fn set(outcomes: &[&str]) -> BTreeSet<String> {
        outcomes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unguarded_counter_loses_an_increment() {
        let program = vec![Op::Read, Op::Write];
        assert_eq!(interleavings(START, &[program.clone(), program]), set(&["1", "2"]));
    }

    #[test]
    fn a_step_that_waits_is_taken_later() {
        let program = vec![Op::Lock, Op::Read, Op::Write, Op::Unlock];
        assert_eq!(interleavings(START, &[program.clone(), program]), set(&["2"]));
    }

    #[test]
    fn a_step_may_branch() {
        assert_eq!(
            interleavings(START, &[vec![Op::Maybe], vec![Op::Maybe]]),
            set(&["0", "10", "20"])
        );
    }

    #[test]
    fn no_thread_has_one_outcome() {
        assert_eq!(interleavings(START, &[]), set(&["0"]));
    }

    #[test]
    #[should_panic(expected = "the specification deadlocks")]
    fn a_deadlock_is_no_outcome() {
        interleavings(START, &[vec![Op::Lock], vec![Op::Lock]]);
    }
}
