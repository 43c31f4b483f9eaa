//! How far loom looks.

use crate::explore::Bound;

/// How far loom looks at a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All executions; shuttle's depth-first search is the ground truth.
    Exhaustive,
    /// At most so many preemptions: more threads than can be exhausted.
    Preemptions(u8),
}

impl Depth {
    /// For loom.
    #[must_use]
    pub fn bound(self) -> Bound {
        match self {
            Self::Exhaustive => Bound::Unbounded,
            Self::Preemptions(n) => Bound::Preemptions(n),
        }
    }
}
