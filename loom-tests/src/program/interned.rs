//! A 128-bit word for loom, whose atomics have 64 bits: an id in an atomic, the values beside it.
//!
//! Equal values have equal ids, so a comparison of ids is one of values; staleness and orderings
//! are those of the one location that holds the id. The table is behind std's mutex, which loom
//! does not see and which therefore synchronises nothing. The same trick as in the library's
//! facade.

use core::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use loom::sync::atomic::AtomicU64;

/// A 128-bit word as loom sees it.
#[derive(Debug)]
pub struct Interned {
    id: AtomicU64,
    values: Mutex<Vec<u128>>,
}

impl Interned {
    /// A word that holds `value`.
    #[must_use]
    pub fn new(value: u128) -> Self {
        Self { id: AtomicU64::new(0), values: Mutex::new(vec![value]) }
    }

    /// Reads.
    pub fn load(&self, order: Ordering) -> u128 {
        self.value(self.id.load(order))
    }

    /// Writes.
    pub fn store(&self, value: u128, order: Ordering) {
        self.id.store(self.id_of(value), order);
    }

    /// Writes and gives what was there.
    pub fn swap(&self, value: u128, order: Ordering) -> u128 {
        self.value(self.id.swap(self.id_of(value), order))
    }

    /// Writes `new` where `old` was found.
    ///
    /// # Errors
    /// Where something else was found, which it gives.
    pub fn compare_exchange(
        &self,
        old: u128,
        new: u128,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u128, u128> {
        self.id
            .compare_exchange(self.id_of(old), self.id_of(new), success, failure)
            .map(|id| self.value(id))
            .map_err(|id| self.value(id))
    }

    fn id_of(&self, value: u128) -> u64 {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let at = values.iter().position(|&known| known == value).unwrap_or_else(|| {
            values.push(value);
            values.len() - 1
        });
        at as u64
    }

    fn value(&self, id: u64) -> u128 {
        let id = usize::try_from(id).expect("ids are indices");
        self.values.lock().unwrap_or_else(PoisonError::into_inner)[id]
    }
}
