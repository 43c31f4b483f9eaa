//! Numbers of which the process has each once.

use core::num::NonZeroU32;

use core::sync::atomic::Ordering;

use portable_atomic::AtomicU64;

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

/// Small numbers from 0 on, each lent to one holder at a time. Claiming and releasing are lock-free, so
/// a fork catches no lock here. Not the backend's, as [`serial`] is not.
#[derive(Debug)]
pub struct Places([AtomicU64; Places::WORDS]);

impl Places {
    const WORDS: usize = 64;
    /// How many numbers there are.
    pub const COUNT: usize = 64 * Self::WORDS;

    /// All numbers are free.
    pub const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; Self::WORDS])
    }

    /// The lowest number that was seen free, which is now the caller's; `None` where all are lent.
    ///
    /// Relaxed: the number decides where a thread looks first, and nothing is read through it.
    pub fn claim(&self) -> Option<usize> {
        self.0.iter().enumerate().find_map(|(nth, word)| {
            let claimed = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken != u64::MAX).then(|| taken | (taken + 1))
            });
            Some(64 * nth + claimed.ok()?.trailing_ones() as usize)
        })
    }

    /// Takes back a number that [`claim`](Self::claim) lent.
    pub fn release(&self, place: usize) {
        let bit = 1 << (place % 64);
        let before = self.0[place / 64].fetch_and(!bit, Ordering::Relaxed);
        debug_assert!(before & bit != 0, "place {place} is released once");
    }
}

impl Default for Places {
    fn default() -> Self {
        Self::new()
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

    #[test]
    fn places_are_lent_once_and_lent_again_when_they_are_back() {
        let places = Places::new();
        let all: Vec<usize> = core::iter::from_fn(|| places.claim()).collect();
        assert_eq!(all, (0..Places::COUNT).collect::<Vec<_>>());
        for place in [64, 4095, 5] {
            places.release(place);
        }
        assert_eq!([(); 4].map(|()| places.claim()), [Some(5), Some(64), Some(4095), None]);
    }
}
