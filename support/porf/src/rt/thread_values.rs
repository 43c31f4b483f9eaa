//! What a thread keeps for its thread-local variables.

use core::any::Any;
use std::rc::Rc;

/// The thread-local values of a thread.
#[derive(Default)]
pub(crate) struct Locals {
    pub(super) values: Vec<Local>,
}

/// A thread-local value.
pub(super) struct Local {
    /// The address of its key.
    pub(super) key: usize,
    /// `None`: it was dropped.
    pub(super) value: Option<Rc<dyn Any>>,
    /// Whether its type has a destructor.
    pub(super) needs_drop: bool,
}
