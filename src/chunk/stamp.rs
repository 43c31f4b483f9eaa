//! The stamp word: whose turn a block has, and the one place where that changes.
//!
//! | word | the block is |
//! |---|---|
//! | 0 | fresh: nothing was ever constructed in it |
//! | even, from 2 | free |
//! | odd | live, under the name that has this stamp |
//!
//! I1. Only the block's one owner takes it from fresh or free to live: the thread that has it
//! from the pool.
//! I2. It goes from live to free by one CAS, whose winner is the owner from there on.
//! I3. So a stamp is live once, until the stamps wrap.
//!
//! # A look that is over before the next turn
//!
//! [`is`](StampWord::is) begins a look at a block, and [`still_is`](StampWord::still_is) says
//! whether the turn went on through all of it, as in a seqlock. If what was read between comes from
//! a later turn, its writer had passed a release fence after the stamp had changed: ST-5 where the
//! turn begins, ST-8 where another thread came in by `is`. The acquire fence ST-9 meets that fence,
//! and the stamp read behind it is not the old one.

use crate::sync::{AtomicU64, fence, site};

/// How many turns a block has before its stamps repeat: 2^bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampWidth {
    /// The largest even stamp.
    last: u64,
}

impl StampWidth {
    /// As wide as the word: 2^63 - 1 turns, 29,000 years at ten million per second.
    pub const FULL: Self = Self { last: u64::MAX - 1 };

    /// Of `bits` bits, 63 at most. Fewer are for experiments.
    pub const fn new(bits: u32) -> Self {
        if bits < 63 { Self { last: 2 << bits } } else { Self::FULL }
    }

    /// What the word is when a turn has ended.
    const fn after(self, live: u64) -> u64 {
        // Odd, so there is one above it.
        if live < self.last { live + 1 } else { CONSTRUCTED }
    }
}

const FRESH: u64 = 0;
const CONSTRUCTED: u64 = 2;

/// The stamp of one block.
#[derive(Debug)]
pub struct StampWord(AtomicU64);

impl StampWord {
    /// Of a block that is fresh.
    pub fn fresh() -> Self {
        Self(AtomicU64::new(FRESH))
    }

    /// For the owner: whether nothing was ever constructed in the block.
    pub fn is_fresh(&self) -> bool {
        self.owned() == FRESH
    }

    /// For the owner: something is constructed in the block now.
    pub fn constructed(&self) {
        // ORDERING(ST-4): Relaxed. The owner's; the block travels with it.
        self.0.store(CONSTRUCTED, site::STAMP_OWNED.ordering());
    }

    fn owned(&self) -> u64 {
        // ORDERING(ST-4): Relaxed. The thread that has the block from the pool has acquired its
        //   last change.
        self.0.load(site::STAMP_OWNED.ordering())
    }

    /// For the owner: begins a turn, and returns its stamp. No thread finds the block under it
    /// before
    /// [`publish`](Self::publish).
    pub fn begin(&self) -> u64 {
        let live = self.owned() + 1;
        // ORDERING(ST-5): Release fence. A thread that sees what this turn writes, and then looks
        //   at the stamp behind ST-9, does not find the old one.
        //   pairs with ST-9; killed by stamped/get_free_reuse
        fence(site::STAMP_BEGIN_FENCE.ordering());
        live
    }

    /// For the owner: the turn of `stamp`, which [`begin`](Self::begin) returned, is over before
    /// the block was live under it.
    pub fn abandon(&self, stamp: u64, width: StampWidth) {
        // ORDERING(ST-4): Relaxed. The owner's; the block travels with it.
        self.0.store(width.after(stamp), site::STAMP_OWNED.ordering());
    }

    /// For the owner: the block is live under `stamp`, which [`begin`](Self::begin) returned.
    pub fn publish(&self, stamp: u64) {
        // ORDERING(ST-6): Release. Publishes what was constructed, and what was filled in.
        //   pairs with ST-7, ST-11; killed by stamped/first_use
        self.0.store(stamp, site::STAMP_PUBLISH.ordering());
    }

    /// The stamp of the current turn, or an even number. The caller acquires what came before it.
    #[inline]
    pub fn now(&self) -> u64 {
        // ORDERING(ST-7): Acquire. What was published under the stamp; if it is another one than
        //   was looked for, what led to the end of that turn.
        //   pairs with ST-6, ST-11; killed by stamped/first_use
        self.0.load(site::STAMP_LOAD.ordering())
    }

    /// Whether the block is live under `stamp`.
    #[inline]
    pub fn is(&self, stamp: u64) -> bool {
        let is = self.now() == stamp;
        // ORDERING(ST-8): Release fence. As ST-5, for one who writes in the turn of another.
        //   pairs with ST-9; killed by stamped/get_relayed
        fence(site::STAMP_ENTER_FENCE.ordering());
        is
    }

    /// Whether the block is live under `stamp`, and was when the caller read what it has read.
    #[inline]
    pub fn still_is(&self, stamp: u64) -> bool {
        // ORDERING(ST-9): Acquire fence. If what was read belongs to a later turn, so does the
        //   stamp.
        //   pairs with ST-5, ST-8; killed by stamped/get_free_reuse
        fence(site::STAMP_CHECK_FENCE.ordering());
        // ORDERING(ST-10): Acquire. As ST-7, where the turn is over.
        //   pairs with ST-11; killed by stamped/stale_check
        self.0.load(site::STAMP_CHECK.ordering()) == stamp
    }

    /// Ends the turn of `stamp`: of several who try, one does.
    pub fn retire(&self, stamp: u64, width: StampWidth) -> bool {
        let free = width.after(stamp);
        // ORDERING(ST-11): AcqRel. Acquires what was constructed, for the next owner; publishes
        //   what led here, for those who find the stamp stale.
        //   pairs with ST-6, ST-7, ST-10, ST-12; killed by stamped/free_reuse, stamped/stale_get
        // ORDERING(ST-12): Acquire on failure. As ST-7: what led to the end of the turn.
        //   pairs with ST-11; killed by stamped/stale_free
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
