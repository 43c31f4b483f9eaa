//! Participants that outlive their threads.

/// A thread's participant, of a reclaimer or of a mediator: made before the thread starts and
/// dropped after it has ended: neither is what is checked, and both are long in the real epoch.
pub(crate) struct Standing<P>(pub(crate) P);

// SAFETY: a participant is bound to one thread only so that two don't use it at a time; here it
// moves between the setup and its thread, which start and join order.
unsafe impl<P> Send for Standing<P> {}
