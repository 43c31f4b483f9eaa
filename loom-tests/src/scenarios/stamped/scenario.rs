//! A program over a stamped pool.

use std::collections::BTreeSet;

use crate::scenarios::Depth;

/// A program over a stamped pool.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// How far loom looks.
    pub depth: Depth,
    /// Whether a search without reduction tries all schedules every time, or in the deep tier only.
    pub searched: bool,
    /// Runs it once.
    pub body: fn() -> String,
    /// What may come of it.
    pub allowed: fn() -> BTreeSet<String>,
}

/// A scenario that two threads can be exhausted in.
pub(super) const fn row(
    name: &'static str,
    body: fn() -> String,
    allowed: fn() -> BTreeSet<String>,
) -> Scenario {
    Scenario { name, depth: Depth::Exhaustive, searched: true, body, allowed }
}
