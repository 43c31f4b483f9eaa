//! A thread of a workload whose threads do different things.

use crate::loops::Drive;
use crate::sample::{Gate, Part, Span};
use crate::subjects::AnySubject;

/// Does `work` with a handle of its own: what the first of `phases` says to warm up, and what the
/// second says while the clock runs.
pub(super) fn side<'a, T: Send + 'a>(
    subject: &'a dyn AnySubject,
    gate: &'a Gate,
    [warm_up, timed]: [T; 2],
    mut work: impl FnMut(&mut dyn Drive, T) + Send + 'a,
) -> Part<'a> {
    Box::new(move || {
        subject
            .with_handle(|handle| Span::warmed(gate, warm_up, timed, |phase| work(handle, phase)))
    })
}
