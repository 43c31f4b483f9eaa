//! Numbers of which each exists once in the process.
//!
//! No number is given again, even if the object that had it is gone. A name that somebody has kept
//! can therefore not lead to another object. Every pool has a [`PoolId`], which 64 bits do not run
//! out of. A stamped pool also has a [`Serial`], which fits into the names of its blocks. Serials
//! can run out: after 2^32 - 1 stamped pools, further requests are refused. They have a counter of
//! their own, so that other pools use none of them up.

use core::fmt;
use core::num::NonZeroU32;
use core::sync::atomic::Ordering;

use portable_atomic::AtomicU64;

use super::Number;

/// Names one pool of this process, from 1 on. The number does not come from the backend's atomics,
/// because under a checker these would begin anew with each execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolId(u64);

impl PoolId {
    /// A number that no pool has had.
    pub fn next() -> Self {
        static NEXT: Number = Number::new(1);
        Self(NEXT.add(1))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pool #{}", self.0)
    }
}

/// A 32-bit number that the process has not given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial(NonZeroU32);

impl Serial {
    /// A new number, or `None` once 2^32 - 1 have been given.
    pub fn next() -> Option<Self> {
        static SERIALS: Serials = Serials::from(1);
        SERIALS.next()
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// Gives each 32-bit number once. It counts in 64 bits, which do not wrap, so a refusal is final.
struct Serials(Number);

impl Serials {
    /// The next number to give is `first`.
    const fn from(first: u64) -> Self {
        Self(Number::new(first))
    }

    fn next(&self) -> Option<Serial> {
        u32::try_from(self.0.add(1)).ok().and_then(NonZeroU32::new).map(Serial)
    }
}

/// Small numbers from 0 on, each lent to one holder at a time. Claiming and releasing are
/// lock-free, so a fork leaves no lock taken in the child. Like [`PoolId`], it does not use the
/// backend's atomics.
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

    /// Lends the caller the lowest number that it sees free; `None` if all are lent.
    ///
    /// Relaxed, because the number only decides where a thread looks first; nothing is read through
    /// it.
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
    fn none_is_given_twice() {
        assert_ne!(Serial::next(), Serial::next());
    }

    #[test]
    fn the_last_one_is_the_last() {
        let serials = Serials::from(u64::from(u32::MAX) - 1);
        let given: Vec<_> = (0..100).map(|_| serials.next().map(Serial::get)).collect();
        assert_eq!(given[..2], [Some(u32::MAX - 1), Some(u32::MAX)]);
        assert!(given[2..].iter().all(Option::is_none), "a number came again: {given:?}");
    }

    /// [`PoolId`] numbers thread-local pools. A program that builds and drops many of these uses up
    /// no numbers of stamped pools.
    #[test]
    fn numbers_of_64_bits_use_up_none_of_32() {
        let before = Serial::next().unwrap().get();
        for _ in 0..10_000 {
            PoolId::next();
        }
        let after = Serial::next().unwrap().get();
        // Other tests of this process may build a few stamped pools meanwhile.
        assert!(after - before < 10_000, "{} of them are gone", after - before);
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
