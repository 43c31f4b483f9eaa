//! The stamp word: the generation counter of a block, odd while the block is allocated, and all
//! operations that change it.
//!
//! | word | the block is |
//! |---|---|
//! | 0 | fresh: no value was ever constructed in it |
//! | even, from 2 | free |
//! | odd | allocated, under the name that has this stamp |
//!
//! A *generation* of a block lasts from one allocation to the next free: the time during which the
//! stamp has one odd value.
//!
//! # Invariants
//!
//! - SW1. Only the owner of a block makes its stamp odd. The owner is the one thread that has the
//!   block from the pool.
//! - SW2. One CAS makes the stamp even again. The thread whose CAS succeeds owns the block from
//!   then on.
//! - SW3. So the stamp has each odd value during one generation only, until the stamps wrap.
//!
//! # Reads that end before the next generation
//!
//! [`is`](StampWord::is) begins a read of a block, and [`still_is`](StampWord::still_is) says
//! whether the generation lasted through all of it, as in a seqlock. Suppose that something that
//! was read belongs to a later generation. Then its writer had passed a release fence after the
//! stamp had changed: ST-5 if it began that generation, ST-8 if it came in through `is`. The
//! acquire fence ST-9 synchronises with that fence, so the stamp that is read after ST-9 is not the
//! old one.

use crate::sync::{AtomicU64, fence, site};

/// How many generations a block has before its stamps repeat: 2^bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampWidth {
    /// The largest even stamp.
    last: u64,
}

impl StampWidth {
    /// As wide as the word: 2^63 - 1 generations, 29,000 years at ten million per second.
    pub const FULL: Self = Self { last: u64::MAX - 1 };

    /// 2^bits generations; `bits` of 63 and more mean [`FULL`](Self::FULL). Small numbers are for
    /// experiments.
    pub const fn new(bits: u32) -> Self {
        if bits < 63 { Self { last: 2 << bits } } else { Self::FULL }
    }

    /// The word after the generation of the odd stamp `live`.
    const fn after(self, live: u64) -> u64 {
        // Below `last`, so adding 1 does not overflow.
        if live < self.last { live + 1 } else { CONSTRUCTED }
    }
}

const FRESH: u64 = 0;
const CONSTRUCTED: u64 = 2;

/// The stamp of one block.
#[derive(Debug)]
pub struct StampWord(AtomicU64);

impl StampWord {
    /// The stamp of a fresh block.
    pub fn fresh() -> Self {
        Self(AtomicU64::new(FRESH))
    }

    /// For the owner: whether no value was ever constructed in the block.
    pub fn is_fresh(&self) -> bool {
        self.owned() == FRESH
    }

    /// For the owner: records that a value is constructed in the block.
    pub fn constructed(&self) {
        // ORDERING(ST-4): Relaxed. The owner's; the block travels with it.
        self.0.store(CONSTRUCTED, site::STAMP_OWNED.ordering());
    }

    fn owned(&self) -> u64 {
        // ORDERING(ST-4): Relaxed. The thread that has the block from the pool has acquired the
        //   stamp's last change.
        self.0.load(site::STAMP_OWNED.ordering())
    }

    /// For the owner: begins a generation, and returns its stamp. No thread finds the block under
    /// this stamp before [`publish`](Self::publish).
    pub fn begin(&self) -> u64 {
        let live = self.owned() + 1;
        // ORDERING(ST-5): Release fence. A thread that sees what this generation writes, and then
        //   reads the stamp after ST-9, does not find the old stamp. pairs with ST-9; killed by
        //   stamped/get_free_reuse
        fence(site::STAMP_BEGIN_FENCE.ordering());
        live
    }

    /// For the owner: ends the generation of `stamp`, which [`begin`](Self::begin) returned, before
    /// it was published.
    pub fn abandon(&self, stamp: u64, width: StampWidth) {
        // ORDERING(ST-4): Relaxed. The owner's; the block travels with it.
        self.0.store(width.after(stamp), site::STAMP_OWNED.ordering());
    }

    /// For the owner: publishes the block under `stamp`, which [`begin`](Self::begin) returned.
    pub fn publish(&self, stamp: u64) {
        // ORDERING(ST-6): Release. Publishes the constructed value, and what was filled in. pairs
        //   with ST-7, ST-11; killed by stamped/first_use
        self.0.store(stamp, site::STAMP_PUBLISH.ordering());
    }

    /// The stamp: odd while the block is allocated. The caller acquires what was done before the
    /// stamp was written.
    #[inline]
    pub fn now(&self) -> u64 {
        // ORDERING(ST-7): Acquire. Observes what was published under the stamp; if the stamp is not
        //   the expected one, what led to the end of the expected generation. pairs with ST-6,
        //   ST-11; killed by stamped/first_use
        self.0.load(site::STAMP_LOAD.ordering())
    }

    /// Whether the block is allocated under `stamp`.
    #[inline]
    pub fn is(&self, stamp: u64) -> bool {
        let is = self.now() == stamp;
        // ORDERING(ST-8): Release fence. As ST-5, for a thread that writes in a generation that
        //   another thread began. pairs with ST-9; killed by stamped/get_relayed
        fence(site::STAMP_ENTER_FENCE.ordering());
        is
    }

    /// Whether the block is still allocated under `stamp`, and so was during all that the caller
    /// has read since `is`.
    #[inline]
    pub fn still_is(&self, stamp: u64) -> bool {
        // ORDERING(ST-9): Acquire fence. If something that was read belongs to a later generation,
        //   so does the stamp. pairs with ST-5, ST-8; killed by stamped/get_free_reuse
        fence(site::STAMP_CHECK_FENCE.ordering());
        // ORDERING(ST-10): Acquire. As ST-7, if the generation is over. pairs with ST-11; killed by
        //   stamped/stale_check
        self.0.load(site::STAMP_CHECK.ordering()) == stamp
    }

    /// Ends the generation of `stamp`. If several threads try, exactly one succeeds, and owns the
    /// block.
    pub fn retire(&self, stamp: u64, width: StampWidth) -> bool {
        let free = width.after(stamp);
        // ORDERING(ST-11): AcqRel. Observes what was constructed, for the next owner; publishes
        //   what led here, for threads that find the stamp stale. pairs with ST-6, ST-7, ST-10,
        //   ST-12; killed by stamped/free_reuse, stamped/stale_get
        // ORDERING(ST-12): Acquire on failure. As ST-7: observes what led to the end of the
        //   generation. pairs with ST-11; killed by stamped/stale_free
        let (success, failure) =
            (site::STAMP_RETIRE.ordering(), site::STAMP_RETIRE_LATE.ordering());
        self.0.compare_exchange(stamp, free, success, failure).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_wrap_at_their_width_and_never_to_fresh() {
        for (bits, turns) in [(0, 1), (1, 2), (3, 8)] {
            let (word, width) = (StampWord::fresh(), StampWidth::new(bits));
            word.constructed();
            let first = word.begin();
            let mut seen = 0;
            loop {
                let stamp = word.begin();
                assert_eq!(stamp % 2, 1);
                word.publish(stamp);
                assert!(word.is(stamp) && word.retire(stamp, width) && !word.is(stamp));
                assert!(!word.is_fresh() && !word.retire(stamp, width));
                seen += 1;
                if word.begin() == first {
                    break;
                }
            }
            assert_eq!(seen, turns);
        }
        assert_eq!(StampWidth::FULL.after(u64::MAX - 2), u64::MAX - 1);
        assert_eq!(StampWidth::FULL.after(u64::MAX), CONSTRUCTED);
        assert_eq!(StampWidth::new(62).last, 1 << 63);
    }
}
