//! A 128-bit atomic word for the checkers, which have none. The word is an id in one 64-bit atomic;
//! a table beside it holds the value of each id.
//!
//! Equal values have equal ids. So CAS equality, staleness and orderings are those of a single
//! location. The table is behind a plain `std` mutex, and no scheduling point lies inside its
//! critical sections. A mutex of the checker would add synchronisation, and would so hide ordering
//! bugs.

use super::{AtomicU64, Ordering};

/// A 128-bit atomic that the checker sees as one location.
#[derive(Debug)]
pub struct AtomicU128 {
    id: AtomicU64,
    values: std::sync::Mutex<Vec<u128>>,
}

impl AtomicU128 {
    /// Starts at `value`.
    pub fn new(value: u128) -> Self {
        Self { id: AtomicU64::new(0), values: std::sync::Mutex::new(vec![value]) }
    }

    /// Loads the whole word.
    pub fn load(&self, order: Ordering) -> u128 {
        self.value(self.id.load(order))
    }

    /// Stores the whole word.
    pub fn store(&self, value: u128, order: Ordering) {
        self.id.store(self.intern(value), order);
    }

    /// Swaps the whole word.
    pub fn swap(&self, value: u128, order: Ordering) -> u128 {
        self.value(self.id.swap(self.intern(value), order))
    }

    /// Compares and exchanges the whole word.
    ///
    /// # Errors
    ///
    /// The value that was found, if it is not `current`.
    pub fn compare_exchange(
        &self,
        current: u128,
        new: u128,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u128, u128> {
        let (current, new) = (self.intern(current), self.intern(new));
        match self.id.compare_exchange(current, new, success, failure) {
            Ok(id) => Ok(self.value(id)),
            Err(id) => Err(self.value(id)),
        }
    }

    fn intern(&self, value: u128) -> u64 {
        let mut values = self.values.lock().expect("no panic while the table is held");
        let at = values.iter().position(|&known| known == value).unwrap_or_else(|| {
            values.push(value);
            values.len() - 1
        });
        at as u64
    }

    fn value(&self, id: u64) -> u128 {
        let at = usize::try_from(id).expect("ids are table positions");
        self.values.lock().expect("no panic while the table is held")[at]
    }
}
