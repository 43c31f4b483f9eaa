//! Programs over one list of magazines, each magazine with one block.

mod body;
mod machine;
mod matrix;
mod scenario;

use std::collections::BTreeSet;

pub use body::body;
pub use matrix::{MANY, SCENARIOS};
pub use scenario::{Op, Program, Scenario, does};

use super::Shape;
use crate::spec;

/// The outcomes that the specification allows.
#[must_use]
pub fn allowed(scenario: &Scenario, shape: Shape) -> BTreeSet<String> {
    spec::outcomes(machine::List::new(scenario, shape))
}
