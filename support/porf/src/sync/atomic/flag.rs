//! Atomic flags.

use core::sync::atomic::Ordering;

use super::calls::{bitwise, calls};
use super::word::{Word, failed};

/// An atomic `bool`.
#[derive(Debug)]
pub struct AtomicBool(Word<bool>);

calls! { [] AtomicBool, bool, default false }

impl AtomicBool {
    bitwise!(bool);

    /// Negates, and returns the value from before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.0.update(order, |old| !old)
    }
}
