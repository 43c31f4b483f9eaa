//! A checker with loom's interface, compared with the enumerator.

mod checker;
mod difference;
mod interpret;
mod seen;
mod shrink;

pub use checker::{Checker, Reported};
pub use difference::{Difference, compare, count_executions};
pub use seen::{SeenEvent, SeenGraph, SeenKind};
pub use shrink::shrink;
