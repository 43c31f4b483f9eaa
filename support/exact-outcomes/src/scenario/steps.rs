//! A thread's program while it runs.

use core::fmt::Debug;

use crate::one_at_a_time::operation;

/// The operations of one thread, for the code that does them.
pub struct Steps<'s, O> {
    pub(super) ops: &'s [O],
    pub(super) results: &'s mut Vec<String>,
}

impl<O> Steps<'_, O> {
    /// Does each operation by `act`, in their order, and writes down what it returned.
    pub fn each<R: Debug>(self, mut act: impl FnMut(&O) -> R) {
        for op in self.ops {
            let result = operation(|| act(op));
            self.results.push(format!("{result:?}"));
        }
    }
}
