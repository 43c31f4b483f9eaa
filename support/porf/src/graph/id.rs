//! The names of events.

/// Names an event: its thread, and its place in the thread's program order. It stays the same from
/// execution to execution, as long as the thread runs the same events before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) thread: u8,
    pub(crate) index: u16,
}

impl Id {
    /// No event.
    pub(crate) const NONE: Self = Self { thread: u8::MAX, index: 0 };

    pub(crate) fn new(thread: usize, index: usize) -> Self {
        let thread = u8::try_from(thread).expect("threads are few");
        Self { thread, index: u16::try_from(index).expect("events are limited") }
    }

    /// The next event of the same thread.
    pub(crate) fn next(self) -> Self {
        Self { index: self.index + 1, ..self }
    }

    /// The event before this one in its thread.
    pub(crate) fn previous(self) -> Self {
        Self { index: self.index - 1, ..self }
    }
}
