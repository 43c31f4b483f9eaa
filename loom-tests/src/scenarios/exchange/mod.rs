//! Programs over a pool's handles, and over its mediator alone.
//!
//! The specification takes every exchange with a list, and every lock, as one step; what happens
//! inside a thread cache is no step of its own.

mod body;
mod handles;
mod log;
mod many;
mod matrix;
mod op;
mod races;
mod scenario;
mod setup;
mod world;

use std::collections::BTreeSet;

pub use body::body;
pub(in crate::scenarios) use log::{entry, outcome};
pub use many::MANY;
pub use matrix::{ABA, BEHIND_A_LOOK, BEHIND_TWO_LOOKS, REMAINDERS, SCENARIOS};
pub use op::Op;
pub use races::{ATTACHING, BEFORE_ITS_COUNT};
pub(crate) use scenario::slice;
pub use scenario::{Layer, Scenario};
pub use setup::Setup;
pub(crate) use setup::{attached, thread};

use crate::spec;

/// The outcomes that the specification allows.
#[must_use]
pub fn allowed(scenario: &'static Scenario) -> BTreeSet<String> {
    spec::outcomes(world::World::new(scenario))
}
