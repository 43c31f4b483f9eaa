//! Stamped pools: generations of a block, names in shared words, and two structures on the public
//! API. The specifications call a generation of a block a *turn*.
//!
//! | module | under check | a step of the specification |
//! |---|---|---|
//! | [`turns`] | one block: allocate, free, read | a change of the stamp, a read or a write of the value |
//! | [`words`] | `AtomicStamped`, `AtomicPackedStamped` | an operation |
//! | [`structures`] | the queue and the stack of `examples/structures` | an operation |
//!
//! The tags are those of the default pool, because what is checked here lies above the lists.

mod scenario;
mod shared;
pub mod structures;
pub mod turns;
pub mod words;

pub use scenario::Scenario;

/// Under which name the ledger has these rows.
pub const STRATEGY: &str = "StampedPool";

/// All of them.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    [turns::SCENARIOS, words::SCENARIOS, structures::SCENARIOS].concat()
}
