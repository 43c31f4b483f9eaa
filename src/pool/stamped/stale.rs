//! The error for a stale name.

use core::fmt;

/// The name is not current: its block was freed, or the name is null or of another pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stale;

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name is not current in this pool")
    }
}

impl core::error::Error for Stale {}
