//! Vector clocks: how many events of each thread belong to a set that is closed under program
//! order.

use super::id::Id;

/// How many threads a model may have, the one that runs the model included.
pub const MAX_THREADS: usize = if cfg!(feature = "many-threads") { 23 } else { 7 };

/// The lane after the threads: the creations of statics, which come before everything.
pub(crate) const STATICS: usize = MAX_THREADS;

/// Lanes of a clock: one for each thread, and one for statics.
pub(crate) const LANES: usize = MAX_THREADS + 1;

/// For each thread, how many of its first events belong to the set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub(crate) struct Clock([u16; LANES]);

impl Clock {
    /// The clock of a thread that has run nothing: only the creations of statics come before it.
    pub(crate) const START: Self = {
        let mut lanes = [0; LANES];
        lanes[STATICS] = u16::MAX;
        Self(lanes)
    };

    /// Adds what `other` has.
    #[inline]
    pub(crate) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
    }

    /// Whether the event belongs to the set.
    #[inline]
    pub(crate) fn has(&self, id: Id) -> bool {
        self.0[usize::from(id.thread)] > id.index
    }

    /// How many events of `thread` belong to the set.
    #[inline]
    pub(crate) fn of(&self, thread: usize) -> u16 {
        self.0[thread]
    }

    /// Adds the event, and with it all earlier ones of its thread.
    #[inline]
    pub(crate) fn add(&mut self, id: Id) {
        self.0[usize::from(id.thread)] = id.index + 1;
    }

    /// The same set without the event and later ones of its thread.
    #[inline]
    pub(crate) fn without(mut self, id: Id) -> Self {
        self.0[usize::from(id.thread)] = id.index;
        self
    }
}
