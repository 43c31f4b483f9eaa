//! How far a slot's array is filled, and how far it may be: how large a batch is.
//!
//! Where batches grow, the array has a limit of its own, from two of the least batches to two of
//! the largest; a flush gives away half of it. An array that is full doubles its limit in place of
//! a flush, if the exchange before was a refill: a thread that takes blocks and gives them back
//! would not need either, had it more room. A thread that only gives gains nothing by room, and its
//! blocks would be colder when they come round: so [`STEADY`] flushes in a row halve the limit.

use crate::block::Batch;
use crate::mediator::ShardId;

/// So many flushes, and no refill between them, show that a thread gives for good.
const STEADY: u32 = 16;

/// What the owner of an array keeps of it. No other thread looks.
pub(super) struct CacheState {
    /// Blocks in it.
    pub(super) len: usize,
    /// With so many it is full. At least two of the least batches.
    pub(super) limit: usize,
    /// The last exchange was a refill.
    refilled: bool,
    /// Flushes since then, or since the limit was halved.
    flushes: u32,
    /// Where batches go and come from.
    pub(super) shard: ShardId,
}

impl CacheState {
    /// An empty array.
    pub(super) fn new(batch: Batch) -> Self {
        let (limit, shard) = (2 * batch.min, ShardId::default());
        Self { len: 0, limit, refilled: false, flushes: 0, shard }
    }

    /// The array is full: may it hold twice as many blocks, or as many as it has `room` for?
    pub(super) fn widen(&mut self, room: usize) -> bool {
        let may = self.refilled && self.limit < room;
        if may {
            self.limit = room.min(2 * self.limit);
        }
        may
    }

    /// The array is empty, and its owner goes.
    pub(super) const fn narrow(&mut self, batch: Batch) {
        (self.limit, self.refilled, self.flushes) = (2 * batch.min, false, 0);
    }

    /// The array was empty, and has so many blocks now.
    pub(super) fn refilled(&mut self, len: usize) {
        (self.len, self.limit) = (len, self.limit.max(len));
        (self.refilled, self.flushes) = (true, 0);
    }

    /// A batch was given away, and `len` blocks are left.
    pub(super) fn flushed(&mut self, batch: Batch, len: usize) {
        (self.len, self.refilled) = (len, false);
        self.flushes += 1;
        if self.flushes == STEADY {
            self.flushes = 0;
            // Above what is left: the block that was too much is still to come.
            self.limit = (2 * batch.min).max(len + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Batch = Batch { min: 3, max: 20 };
    const ROOM: usize = 40;

    /// A flush of the full array.
    fn flush(state: &mut CacheState) {
        let kept = state.limit - state.limit / 2;
        state.flushed(BATCH, kept);
        assert!(state.len < state.limit, "there is room for the block that was too much");
        state.len = state.limit;
    }

    #[test]
    fn only_a_refill_lets_it_grow() {
        let mut state = CacheState::new(BATCH);
        assert!(!state.widen(ROOM));
        state.refilled(3);
        let limits: Vec<usize> =
            core::iter::from_fn(|| state.widen(ROOM).then_some(state.limit)).collect();
        assert_eq!(limits, [12, 24, ROOM], "never beyond its room");
        flush(&mut state);
        assert!(!state.widen(ROOM));
    }

    #[test]
    fn what_comes_in_always_fits() {
        let mut state = CacheState::new(BATCH);
        state.refilled(20);
        assert_eq!((state.len, state.limit), (20, 20));
        assert!(state.limit / 2 >= BATCH.min, "a flush is at least a batch");
    }

    #[test]
    fn flushes_in_a_row_bring_it_back_to_the_least_batch() {
        let mut state = CacheState::new(BATCH);
        state.refilled(3);
        while state.widen(ROOM) {}
        let mut limits = vec![state.limit];
        for _ in 0..4 * STEADY {
            flush(&mut state);
            limits.push(state.limit);
        }
        limits.dedup();
        assert_eq!(limits, [ROOM, 21, 12, 7, 6]);
        assert!(!state.widen(ROOM));
        state.refilled(3);
        assert!(state.widen(ROOM), "and it may grow again");
    }

    #[test]
    fn a_refill_in_between_keeps_it_large() {
        let mut state = CacheState::new(BATCH);
        state.refilled(20);
        while state.widen(ROOM) {}
        for _ in 0..3 * STEADY {
            flush(&mut state);
            state.refilled(20);
        }
        assert_eq!(state.limit, ROOM);
    }

    #[test]
    fn a_fixed_batch_stays_as_it_is() {
        let batch = Batch::fixed(4);
        let mut state = CacheState::new(batch);
        for _ in 0..3 * STEADY {
            state.refilled(4);
            assert!(!state.widen(8));
        }
        for _ in 0..3 * STEADY {
            state.flushed(batch, 4);
        }
        assert_eq!(state.limit, 8);
    }
}
