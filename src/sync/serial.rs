//! Numbers of which the process has each once.

use core::num::NonZeroU32;

use super::Number;

/// A number that the process has not given before, from 1 on: 64 bits do not run out. Not the
/// backend's, or the checkers would begin anew with each execution.
pub fn serial() -> u64 {
    static NEXT: Number = Number::new(1);
    NEXT.add(1)
}

/// Such a number in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial(NonZeroU32);

impl Serial {
    /// A new one; `None` once 2^32 - 1 are given.
    pub fn next() -> Option<Self> {
        Self::of(serial())
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    fn of(number: u64) -> Option<Self> {
        u32::try_from(number).ok().and_then(NonZeroU32::new).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_given_twice_and_the_last_one_is_the_last() {
        assert_ne!(Serial::next(), Serial::next());
        let last = u64::from(u32::MAX);
        assert_eq!(Serial::of(last).map(Serial::get), Some(u32::MAX));
        assert_eq!((Serial::of(last + 1), Serial::of(0)), (None, None));
    }
}
