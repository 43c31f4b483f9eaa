//! Litmus tests whose verdicts are published, and published numbers of execution graphs.

mod counts;
mod shapes;
mod verdict;

pub use counts::{COUNTS, Count};
pub use shapes::SHAPES;
pub use verdict::{Shape, Verdict};
