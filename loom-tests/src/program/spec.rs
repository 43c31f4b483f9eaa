//! Programs as an abstract machine: every operation one atomic step, in one total order.

use std::collections::BTreeSet;

use super::interpret::outcome;
use super::{Location, Op, Program};
use crate::spec::{Object, interleavings};

/// The outcomes under sequential consistency, by enumeration: what shuttle's search must equal.
#[must_use]
pub fn sequentially_consistent(program: &Program, last: bool) -> BTreeSet<String> {
    let (narrow, wide) = program.locations();
    let memory = vec![0; narrow + usize::from(wide)];
    let read = vec![Vec::new(); program.threads.len()];
    interleavings(Memory { memory, narrow, read, last }, &program.threads)
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Memory {
    /// The narrow locations, then the wide one if there is one.
    memory: Vec<u64>,
    narrow: usize,
    read: Vec<Vec<u64>>,
    last: bool,
}

impl Object for Memory {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        let at = match *op {
            Op::Load(at, _)
            | Op::Store(at, _, _)
            | Op::Add(at, _, _)
            | Op::Swap(at, _, _)
            | Op::Exchange(at, _, _, _, _) => at,
            Op::Fence(_) => return vec![next],
        };
        let cell = match at {
            Location::Narrow(n) => &mut next.memory[n],
            Location::Wide => &mut next.memory[self.narrow],
        };
        let found = *cell;
        match *op {
            Op::Store(_, new, _) | Op::Swap(_, new, _) => *cell = new,
            Op::Add(_, value, _) => *cell += value,
            Op::Exchange(_, old, new, _, _) if found == old => *cell = new,
            _ => {}
        }
        if !matches!(op, Op::Store(..)) {
            next.read[thread].push(found);
        }
        vec![next]
    }

    fn outcome(&self) -> String {
        outcome(&self.read, self.last.then_some(&self.memory[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_buffering_never_reads_two_zeroes() {
        let program = "x=1.rlx y.rlx | y=1.rlx x.rlx".parse().unwrap();
        assert!(sequentially_consistent(&program, false).iter().eq(["0 | 1", "1 | 0", "1 | 1"]));
        let program = "w=2.rlx | w?0:1.ar/acq".parse().unwrap();
        assert!(sequentially_consistent(&program, true).iter().eq([" | 0 => 2", " | 2 => 2"]));
    }
}
