//! Generated programs over a whole pool, whose histories are checked for linearizability.
//!
//! There are too many of them to list the outcomes of each, and they are too different for
//! assertions of their own. So the body records when each operation began, when it returned, and
//! what it returned. A checker of histories decides whether some order of atomic steps explains
//! that.

mod body;
mod program;

pub use body::{Fault, body};
pub use histories::{Call, History, Operation};
pub use program::{Op, Program};
