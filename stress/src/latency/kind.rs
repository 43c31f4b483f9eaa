//! Classifies a call by what can be observed before and after it, and keeps a histogram for each
//! kind.

use hdrhistogram::Histogram;

/// What a timed call did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: two readings with no call between them. The floor of all other figures.
    Timer,
    /// An allocation from the handle's array, or a deallocation into it.
    Hit,
    /// An allocation that fetched a batch from the shared lists.
    Refill,
    /// An allocation that found nothing there and had a batch carved, with a new chunk at times.
    Carve,
    /// A deallocation that gave a batch to the shared lists.
    Flush,
}

impl Kind {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Timer, Self::Hit, Self::Refill, Self::Carve, Self::Flush];

    /// Its name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Hit => "hit",
            Self::Refill => "refill",
            Self::Carve => "carve",
            Self::Flush => "flush",
        }
    }
}

/// What was seen around an allocation that found the handle's array empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    /// Blocks that it brought, the one handed out included.
    pub(super) brought: usize,
    /// Blocks that the whole pool carved between the observations before and after.
    pub(super) grown: usize,
    /// Whether the block was never handed out before, by any handle.
    pub(super) is_fresh: bool,
}

impl Exchange {
    /// A carve brings fresh blocks, and the pool grows by as many. The converse does not quite
    /// hold: other threads may carve between the two observations, while a refill brings blocks
    /// that were flushed unused. Such a refill is taken for a carve.
    pub(super) const fn kind(self) -> Kind {
        if self.is_fresh && self.grown >= self.brought { Kind::Carve } else { Kind::Refill }
    }
}

/// What a deallocation did, from the lengths of the handle's array before and after: it only gets
/// shorter by a flush. A hardened pool may take a block into its quarantine and leave a full array
/// as it is. For batches of 2 blocks and more.
pub(super) const fn deallocation(before: usize, after: usize) -> Kind {
    if after < before { Kind::Flush } else { Kind::Hit }
}

/// A histogram per kind, in ticks of the clock.
#[derive(Clone, Debug)]
pub struct Tally {
    histograms: [Histogram<u64>; Kind::ALL.len()],
    /// Blocks brought by calls that were taken for carves.
    pub brought_by_carves: usize,
}

impl Tally {
    /// Above this, a time is counted as this: minutes.
    const MOST: u64 = 1 << 40;
    /// Two digits: within one percent. More would make the histograms larger than a core's cache.
    const DIGITS: u8 = 2;

    /// Nothing counted yet.
    ///
    /// # Panics
    /// Never: the bounds are sound.
    pub fn new() -> Self {
        let empty = Histogram::new_with_bounds(1, Self::MOST, Self::DIGITS).expect("sound bounds");
        Self { histograms: core::array::from_fn(|_| empty.clone()), brought_by_carves: 0 }
    }

    /// Counts a call.
    #[inline]
    pub(super) fn record(&mut self, kind: Kind, ticks: u64) {
        self.histograms[kind as usize].saturating_record(ticks);
    }

    /// Adds another thread's.
    ///
    /// # Panics
    /// Never: all have the same bounds.
    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.histograms.iter_mut().zip(&other.histograms) {
            mine.add(theirs).expect("the same bounds");
        }
        self.brought_by_carves += other.brought_by_carves;
    }

    /// Calls of the pool so far.
    pub(super) fn calls(&self) -> u64 {
        let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Timer);
        kinds.map(|kind| self.of(kind).len()).sum()
    }

    /// The histogram of one kind.
    pub const fn of(&self, kind: Kind) -> &Histogram<u64> {
        &self.histograms[kind as usize]
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_order() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "{}", kind.name());
        }
    }

    #[test]
    fn a_carve_brings_fresh_blocks_and_makes_the_pool_grow() {
        let kind = |brought, grown, is_fresh| Exchange { brought, grown, is_fresh }.kind();
        assert_eq!(kind(64, 64, true), Kind::Carve);
        assert_eq!(kind(5, 5, true), Kind::Carve, "the end of a chunk");
        assert_eq!(kind(64, 128, true), Kind::Carve, "and somebody else's");
        assert_eq!(kind(64, 0, true), Kind::Refill, "flushed unused");
        assert_eq!(kind(64, 64, false), Kind::Refill, "somebody else carved");
        assert_eq!(kind(64, 5, true), Kind::Refill, "not by as many");
    }

    #[test]
    fn a_flush_leaves_the_array_shorter() {
        assert_eq!(deallocation(128, 65), Kind::Flush);
        assert_eq!(deallocation(4, 3), Kind::Flush, "the smallest batch");
        assert_eq!(deallocation(128, 128), Kind::Hit, "into the quarantine");
        assert_eq!(deallocation(127, 128), Kind::Hit);
        assert_eq!(deallocation(0, 1), Kind::Hit);
    }

    #[test]
    fn tallies_add_up() {
        let (mut first, mut second) = (Tally::new(), Tally::new());
        first.record(Kind::Flush, 10);
        second.record(Kind::Flush, 90);
        second.record(Kind::Timer, u64::MAX);
        first.add(&second);
        assert_eq!((first.of(Kind::Flush).len(), first.of(Kind::Flush).max()), (2, 90));
        assert!(first.of(Kind::Timer).max() >= Tally::MOST);
        assert!(first.of(Kind::Hit).is_empty());
        assert_eq!(first.calls(), 2, "the timer calls nobody");
    }
}
