//! Sources for tests: one counts, the other fails where it is told to.

mod counting;
mod failing;

pub use counting::{CountingSource, SourceCounts};
pub use failing::{FailingSource, Faults};
