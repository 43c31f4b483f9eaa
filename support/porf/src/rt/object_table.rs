//! What is alive in a run: counted references, tracked allocations, and values of statics. The
//! functions of [`objects`](super::objects) write and read this table for the threads of a run.

use core::any::Any;
use core::mem;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Place;
use crate::graph::Id;

/// What all counted references to a value share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The location of the count, if the model has it.
    pub(crate) count: Option<Id>,
    pub(crate) object: u64,
    /// Where they were made.
    pub(crate) place: Place,
}

/// What is alive in this run.
#[derive(Default)]
pub(crate) struct Objects {
    pub(super) alive: BTreeMap<u64, (&'static str, Place)>,
    pub(super) allocations: BTreeMap<usize, u64>,
    pub(super) next: u64,
    /// What the counted references share, by the address of their value.
    pub(super) shared: BTreeMap<usize, Arc<Shared>>,
    /// The values of statics, by the address of the static.
    pub(super) statics: Vec<(usize, Rc<dyn Any>)>,
}

impl Objects {
    pub(super) fn begin_run(&mut self) {
        self.alive.clear();
        self.allocations.clear();
        self.shared.clear();
        self.next = 0;
        // A run that did not end left them; their destructors would run outside of any thread.
        mem::forget(mem::take(&mut self.statics));
    }

    /// What was not dropped.
    pub(super) fn leaked(&self) -> Option<String> {
        let (what, place) = self.alive.values().next()?;
        let others = self.alive.len() - 1;
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        Some(format!("{what} leaked (made at {place}){more}"))
    }
}
