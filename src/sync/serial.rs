//! Numbers of which the process has each once.

use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};

/// Numbers given so far. core's in every build: nothing is ordered by it, and the checkers would
/// begin anew with each execution.
static GIVEN: AtomicU32 = AtomicU32::new(0);

/// A number that no other object of the process has, or ever had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial(NonZeroU32);

impl Serial {
    /// A new one; `None` once 2^32 - 1 are given.
    pub fn next() -> Option<Self> {
        Self::from(&GIVEN)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    fn from(given: &AtomicU32) -> Option<Self> {
        // Relaxed: only that no two get the same.
        let last = given
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| last.checked_add(1))
            .ok()?;
        NonZeroU32::new(last + 1).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_given_twice_and_the_last_one_is_the_last() {
        assert_ne!(Serial::next(), Serial::next());
        let given = AtomicU32::new(u32::MAX - 1);
        assert_eq!(Serial::from(&given).map(Serial::get), Some(u32::MAX));
        assert_eq!(Serial::from(&given), None);
        assert_eq!(Serial::from(&given), None);
    }
}
