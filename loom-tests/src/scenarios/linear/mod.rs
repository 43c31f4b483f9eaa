//! Generated programs over a whole pool, whose histories are checked for linearizability.
//!
//! Too many for a set of outcomes each, and too different for assertions of their own: what is
//! written down instead is when each operation began, when it returned, and what it gave. Whether
//! some order of atomic steps explains that is for a checker of histories to say.

mod body;
mod program;

pub use body::{Fault, body};
pub use histories::{Call, History, Operation};
pub use program::{Op, Program};
