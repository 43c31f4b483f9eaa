//! The record of what happened, and when.

use core::fmt;
use std::collections::HashMap;

/// An operation on a pool with what it gave. Blocks are numbered as they first appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Handed this block out.
    Allocated(usize),
    /// Handed out nothing, being at the capacity.
    Refused {
        /// Other handles that there may be: blocks may lie in their caches.
        others: usize,
    },
    /// Took this block back.
    Freed(usize),
    /// Something else that went wrong: allowed by no specification.
    Failed,
}

/// One call: the operation, and two readings of a clock that all threads share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<O> {
    /// Who called.
    pub thread: usize,
    /// What, and what came of it.
    pub op: O,
    /// When it began.
    pub invoked: usize,
    /// When it was over; after `invoked`.
    pub returned: usize,
}

/// All calls of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(pub Vec<Call<Operation>>);

impl History {
    /// The same with blocks numbered in the order in which they first appear: addresses are
    /// nobody's business.
    #[must_use]
    pub fn numbered(mut self) -> Self {
        self.0.sort_by_key(|call| call.invoked);
        let mut numbers = HashMap::new();
        for call in &mut self.0 {
            if let Operation::Allocated(block) | Operation::Freed(block) = &mut call.op {
                let next = numbers.len();
                *block = *numbers.entry(*block).or_insert(next);
            }
        }
        self
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, Call { thread, op, invoked, returned }) in self.0.iter().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{thread}: {op} at {invoked}-{returned}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allocated(block) => write!(f, "allocated {block}"),
            Self::Refused { others } => write!(f, "refused beside {others} others"),
            Self::Freed(block) => write!(f, "freed {block}"),
            Self::Failed => write!(f, "failed"),
        }
    }
}
