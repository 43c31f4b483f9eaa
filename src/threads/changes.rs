//! Counts by which threads tell one that looks rarely what has changed meanwhile.
//!
//! A thread changes something, and then counts the change. The thread that looks takes the count, and
//! then looks at what it stands for. So either it sees the change, or the count is not zero after its
//! look.
//!
//! # Progress
//!
//! Both calls are wait-free where the machine adds and exchanges 64 bits in one instruction, and
//! lock-free elsewhere.

use crate::sync::{AtomicU64, opaque, site};

/// A count of changes for each of some things.
pub struct Changes(Box<[AtomicU64]>);

opaque! { [] Changes; }

impl Changes {
    /// Counts for so many things, all zero.
    pub fn new(things: usize) -> Self {
        Self((0..things).map(|_| AtomicU64::new(0)).collect())
    }

    /// Counts a change that the calling thread has made.
    ///
    /// # Panics
    ///
    /// If there is no such thing.
    #[inline]
    pub fn count(&self, thing: usize) {
        // ORDERING(CH-1): Release. Publishes the change to the thread that takes the count. An RMW, so
        //   that it publishes those counted before as well.
        //   pairs with CH-2; killed by changes/count_take
        self.0[thing].fetch_add(1, site::CHANGES_COUNT.ordering());
    }

    /// The number of changes since the last call. The calling thread sees all of them.
    ///
    /// # Panics
    ///
    /// If there is no such thing.
    #[inline]
    pub fn take(&self, thing: usize) -> u64 {
        // ORDERING(CH-3): Relaxed. A look that spares the exchange. Nothing is read through the zero.
        if self.0[thing].load(site::CHANGES_LOOK.ordering()) == 0 {
            return 0;
        }
        // ORDERING(CH-2): Acquire. Observes the changes that were counted.
        //   pairs with CH-1; killed by changes/count_take
        self.0[thing].swap(0, site::CHANGES_TAKE.ordering())
    }
}
