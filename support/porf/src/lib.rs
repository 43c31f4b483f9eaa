#![doc = include_str!("../README.md")]

mod graph;
mod macros;
mod rt;

pub mod alloc;
pub mod cell;
pub mod future;
pub mod guide;
pub mod hint;
pub mod lazy_static;
pub mod model;
pub mod sync;
pub mod thread;

pub use graph::MAX_THREADS;
pub use model::model;

/// Changes nothing: everything is explored. loom has it.
pub fn explore() {}

/// Changes nothing: everything is explored. loom has it.
pub fn stop_exploring() {}

/// Leaves the current execution out: [`model::assume`] of what is false.
pub fn skip_branch() {
    model::assume(false);
}
