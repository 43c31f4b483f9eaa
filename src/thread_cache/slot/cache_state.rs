//! How many blocks a slot's array holds, and how many it may hold.
//!
//! If batches may grow, the array has a limit of its own, between two of the smallest and two of
//! the largest batches, and a flush gives away half of that limit. When the array is full and the
//! exchange before was a refill, the array doubles its limit instead of being flushed: a thread
//! that allocates and frees by turns needs neither exchange if it has more room. A thread that only
//! frees gains nothing from more room, and its blocks would be colder when they come round again.
//! So after [`STEADY`] flushes in a row without a refill the limit is halved.
//!
//! In a pool with a capacity, no call may be a hit, because each must count. Between two calls the
//! array is *closed* there: it seems to be empty and to have no room, so that both a hit of an
//! allocation and a hit of a free find nothing to do. The slow path opens the array, and closes it
//! when it is done.

use crate::block::Batch;
use crate::mediator::ShardId;

/// After this many flushes without a refill between them, the thread counts as one that only frees.
const STEADY: u32 = 16;

/// The state of an array. Only the owner of the slot reads or writes it.
pub(super) struct CacheState {
    /// Blocks in the array.
    pub(super) len: usize,
    /// The array is full when it holds this many blocks. At least two of the smallest batches.
    pub(super) limit: usize,
    /// Whether the last exchange was a refill.
    refilled: bool,
    /// Flushes since the last refill, or since the limit was last halved.
    flushes: u32,
    /// The shard of the owner.
    pub(super) shard: ShardId,
    /// In a closed array, its true length and limit. `len` and `limit` are 0 then.
    closed: Option<(usize, usize)>,
}

impl CacheState {
    /// An empty array.
    pub(super) fn new(batch: Batch) -> Self {
        let (limit, shard) = (2 * batch.min, ShardId::default());
        Self { len: 0, limit, refilled: false, flushes: 0, shard, closed: None }
    }

    /// Closes the array.
    pub(super) fn close(&mut self) {
        debug_assert!(self.closed.is_none(), "closed twice");
        self.closed = Some((self.len, self.limit));
        (self.len, self.limit) = (0, 0);
    }

    /// Opens the array, if it is closed. Returns whether it was.
    pub(super) fn open(&mut self) -> bool {
        let Some(open) = self.closed.take() else { return false };
        (self.len, self.limit) = open;
        true
    }

    /// The blocks in the array, open or closed.
    pub(super) fn true_len(&self) -> usize {
        self.closed.map_or(self.len, |(len, _)| len)
    }

    /// Whether the array is closed.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Called when the array is full. Doubles the limit, up to `room`, if the last exchange was a
    /// refill; returns whether it did.
    pub(super) fn widen(&mut self, room: usize) -> bool {
        let may = self.refilled && self.limit < room;
        if may {
            self.limit = room.min(2 * self.limit);
        }
        may
    }

    /// Called when the owner leaves the empty array.
    pub(super) const fn narrow(&mut self, batch: Batch) {
        (self.limit, self.refilled, self.flushes) = (2 * batch.min, false, 0);
    }

    /// Called after a refill: the array was empty, and holds `len` blocks now.
    #[inline(always)]
    pub(super) fn refilled(&mut self, len: usize) {
        (self.len, self.limit) = (len, self.limit.max(len));
        (self.refilled, self.flushes) = (true, 0);
    }

    /// Called after a flush: `len` blocks are left.
    #[inline(always)]
    pub(super) fn flushed(&mut self, batch: Batch, len: usize) {
        (self.len, self.refilled) = (len, false);
        self.flushes += 1;
        if self.flushes == STEADY {
            self.flushes = 0;
            // The limit stays above what is left, because the block that caused the flush is still
            // to be put in.
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
    fn a_closed_array_has_neither_blocks_nor_room_and_is_as_before_when_it_opens() {
        let mut state = CacheState::new(BATCH);
        state.refilled(3);
        state.close();
        assert_eq!((state.len, state.limit, state.true_len()), (0, 0, 3));
        assert!(state.is_closed() && state.open() && !state.open());
        assert_eq!((state.len, state.limit, state.true_len()), (3, 6, 3));
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
