//! The name of an allocation.

use core::fmt;
use core::num::NonZeroU64;

/// Names one allocation of a run: who made it, and its number there.
///
/// # Shape
/// 16 bits of thread, counted from 1 so that no stamp is 0, over 48 bits of serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(NonZeroU64);

impl Stamp {
    const SERIAL_BITS: u32 = 48;

    /// The allocation `serial` of `thread`.
    ///
    /// # Panics
    /// If `thread` is `u16::MAX`, or `serial` needs more than 48 bits.
    pub fn new(thread: u16, serial: u64) -> Self {
        assert!(serial >> Self::SERIAL_BITS == 0, "serial of 48 bits");
        let owner = thread.checked_add(1).expect("fewer than 65535 threads");
        let word = (u64::from(owner) << Self::SERIAL_BITS) | serial;
        Self(NonZeroU64::new(word).expect("the owner is not 0"))
    }

    /// The word that stands for this allocation.
    pub(super) fn word(self) -> NonZeroU64 {
        self.0
    }

    /// The allocation that `word` stands for; 0 stands for none.
    pub(super) fn from_word(word: u64) -> Option<Self> {
        NonZeroU64::new(word).map(Self)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.get();
        let serial = word & ((1 << Self::SERIAL_BITS) - 1);
        write!(f, "thread {} (allocation {serial})", (word >> Self::SERIAL_BITS) - 1)
    }
}
