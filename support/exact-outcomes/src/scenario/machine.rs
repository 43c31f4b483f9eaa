//! A scenario's specification as an abstract machine: each operation is one atomic step.

use core::fmt::Debug;
use core::hash::{Hash, Hasher};

use super::outcome::{Parts, Results};
use crate::spec::Machine;

/// The structure of the specification, and what each thread has done.
pub(super) struct Sequential<'s, S, O, R> {
    pub(super) state: S,
    pub(super) results: Results,
    pub(super) step: fn(&mut S, &O) -> R,
    pub(super) parts: &'s Parts<'s, O>,
}

impl<S: Clone, O, R: Debug> Sequential<'_, S, O, R> {
    /// Does one operation and gives its result.
    fn apply(state: &mut S, step: fn(&mut S, &O) -> R, op: &O) -> String {
        format!("{:?}", step(state, op))
    }

    /// Does the operations that come before the threads.
    pub(super) fn begin(mut self) -> Self {
        self.results.threads = self.parts.threads.iter().map(|_| Vec::new()).collect();
        for op in self.parts.before {
            let result = Self::apply(&mut self.state, self.step, op);
            self.results.before.push(result);
        }
        self
    }
}

// Not derived: a derive would ask for traits of the operations behind the references.
impl<S: Clone, O, R> Clone for Sequential<'_, S, O, R> {
    fn clone(&self) -> Self {
        let (state, results) = (self.state.clone(), self.results.clone());
        Self { state, results, step: self.step, parts: self.parts }
    }
}

impl<S: PartialEq, O, R> PartialEq for Sequential<'_, S, O, R> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.results == other.results
    }
}

impl<S: Eq, O, R> Eq for Sequential<'_, S, O, R> {}

impl<S: Hash, O, R> Hash for Sequential<'_, S, O, R> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
        self.results.hash(hasher);
    }
}

impl<S: Clone + Eq + Hash, O: Debug, R: Debug> Machine for Sequential<'_, S, O, R> {
    fn threads(&self) -> usize {
        self.parts.threads.len()
    }

    fn is_running(&self, thread: usize) -> bool {
        self.results.threads[thread].len() < self.parts.threads[thread].len()
    }

    fn step(&self, thread: usize) -> Vec<Self> {
        let mut next = self.clone();
        let op = &self.parts.threads[thread][self.results.threads[thread].len()];
        let result = Self::apply(&mut next.state, self.step, op);
        next.results.threads[thread].push(result);
        vec![next]
    }

    fn outcome(&self) -> String {
        let mut end = self.clone();
        for op in self.parts.after {
            let result = Self::apply(&mut end.state, self.step, op);
            end.results.after.push(result);
        }
        self.parts.outcome(&end.results)
    }
}
