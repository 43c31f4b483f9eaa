//! RC11, by the book.

mod axioms;
mod change;
mod enumerate;
mod event;
mod execution;
mod relation;
mod trace;

pub use change::Change;
pub use enumerate::{effort, executions, executions_with};
pub use event::StepId;
pub use execution::{Executions, Graph, Outcome};
