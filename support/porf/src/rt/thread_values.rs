//! What a thread keeps for its thread-local variables.

use core::any::Any;
use std::rc::Rc;

/// The thread-local values of a thread, by the address of their key.
#[derive(Default)]
pub(crate) struct Locals {
    pub(super) values: Vec<(usize, Option<Rc<dyn Any>>)>,
}
