//! How many blocks a slot's array holds, and how many it may hold.
//!
//! If batches do not grow, the array holds two batches, and a flush of the full array gives away
//! one. If batches grow, the limit of the array follows the exchanges of its owner, between two of
//! the smallest and two of the largest batches:
//!
//! - *The owner takes and gives by turns.* The array is full although the exchange before was a
//!   refill. With more room the owner would have needed neither, so the limit doubles instead of a
//!   flush. Otherwise a flush gives away half of the limit.
//! - *The owner only gives.* [`STEADY`] flushes in a row without a refill show that. The array then
//!   gives away everything that it holds, because the owner takes nothing out again, and its limit is
//!   [`one_way`]: so exchanges are rarer than with half of two batches, and the blocks that wait in
//!   the array are few. If no large magazine is free for them, all of these lie full in the lists,
//!   and a thread that takes will empty the next one; so the owner holds its blocks back for another
//!   batch of frees, twice at most. If it gave away a small magazine instead, that
//!   would lie on top of the large ones, the taker would take it first, and so on for ever.
//! - *The owner only takes.* A refill brings what one magazine holds, so the owner of such an array
//!   gets as much at a time as the giver has put down together. The limit plays no part.
//!
//! In a pool with a capacity, no call may be a hit, because each must count. Between two calls the
//! array is *closed* there: it seems to be empty and to have no room, so that both a hit of an
//! allocation and a hit of a free find nothing to do. The slow path opens the array, and closes it
//! when it is done.

use crate::block::Batch;
use crate::mediator::ShardId;

/// After this many flushes without a refill between them, the thread counts as one that only gives.
const STEADY: u32 = 16;

/// How many blocks the array of a thread that only gives may hold: three and a half of the smallest
/// batches, as far as they fit into a large magazine. Of 1,024 blocks on their way from a producer
/// to a consumer, that and a batch that the producer carves are less than three tenths.
const fn one_way(batch: Batch) -> usize {
    let (least, more) = (2 * batch.min, 3 * batch.min + batch.min / 2);
    let fits = if more < batch.max { more } else { batch.max };
    if fits < least { least } else { fits }
}

/// The state of an array. Only the owner of the slot reads or writes it.
pub(super) struct CacheState {
    /// Blocks in the array.
    pub(super) len: usize,
    /// The array is full when it holds this many blocks. At least two of the smallest batches.
    pub(super) limit: usize,
    /// The shard of the owner.
    pub(super) shard: ShardId,
    /// Flushes since the last refill, counted up to [`STEADY`]. Used if batches grow, as is the next.
    flushes: u32,
    /// Whether the last exchange was a refill.
    refilled: bool,
    /// Whether batches grow.
    pub(super) grows: bool,
    /// In a closed array, its true length and limit. `len` and `limit` are 0 then.
    closed: Option<(usize, usize)>,
}

impl CacheState {
    /// An empty array.
    pub(super) fn new(batch: Batch) -> Self {
        let (limit, shard) = (2 * batch.min, ShardId::default());
        Self {
            len: 0,
            limit,
            shard,
            flushes: 0,
            refilled: false,
            grows: batch.grows(),
            closed: None,
        }
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

    /// Called when the owner leaves the empty array.
    pub(super) const fn narrow(&mut self, batch: Batch) {
        (self.limit, self.refilled, self.flushes) = (2 * batch.min, false, 0);
    }

    /// Called after a refill: the array was empty, and holds `len` blocks now.
    #[inline(always)]
    pub(super) fn refilled(&mut self, len: usize) {
        self.len = len;
        if self.grows {
            self.limit = self.limit.max(len);
            (self.refilled, self.flushes) = (true, 0);
        }
    }

    /// Called when the array is full, if batches grow. Either raises the limit and returns `None`, or
    /// returns how many of the oldest blocks a flush should give away: at least the smallest batch,
    /// at most the largest.
    pub(super) fn overflow(&mut self, batch: Batch) -> Option<usize> {
        let room = 2 * batch.max;
        if self.refilled && self.limit < room {
            self.limit = room.min(2 * self.limit);
            return None;
        }
        let gives = if self.flushes == STEADY { self.len } else { self.limit / 2 };
        Some(gives.min(batch.max))
    }

    /// Called when the array is full and there is no large magazine. Raises the limit by a batch if
    /// the owner only gives and there is room; returns whether it did.
    pub(super) fn hold_back(&mut self, batch: Batch) -> bool {
        let most = (one_way(batch) + 2 * batch.min).min(2 * batch.max);
        let may = self.flushes == STEADY && self.limit + batch.min <= most;
        if may {
            self.limit += batch.min;
        }
        may
    }

    /// Called after a flush, if batches grow, when the length is that of what is left.
    pub(super) fn gave(&mut self, batch: Batch) {
        self.refilled = false;
        self.flushes = STEADY.min(self.flushes + 1);
        if self.flushes == STEADY {
            // The limit stays above what is left, because the block that caused the flush is still
            // to be put in.
            self.limit = one_way(batch).max(self.len + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Batch = Batch { min: 4, max: 20 };
    const ROOM: usize = 40;
    const ONE_WAY: usize = 14;

    /// Fills the array and flushes it. Returns how many blocks went.
    fn flush(state: &mut CacheState) -> usize {
        state.len = state.limit;
        let gives = state.overflow(BATCH).expect("a flush");
        assert!(gives >= BATCH.min, "a flush is at least a batch");
        state.len -= gives;
        state.gave(BATCH);
        assert!(state.len < state.limit, "there is room for the block that was too much");
        gives
    }

    /// Fills the array again and again. Returns the limits until it has to be flushed.
    fn widened(state: &mut CacheState) -> Vec<usize> {
        core::iter::from_fn(|| {
            state.len = state.limit;
            state.overflow(BATCH).is_none().then_some(state.limit)
        })
        .collect()
    }

    #[test]
    fn only_a_refill_lets_it_grow() {
        let mut state = CacheState::new(BATCH);
        assert_eq!(widened(&mut state), []);
        state.refilled(4);
        assert_eq!(widened(&mut state), [16, 32, ROOM], "never beyond its room");
        assert_eq!(flush(&mut state), ROOM / 2);
        assert_eq!(widened(&mut state), []);
    }

    #[test]
    fn what_comes_in_always_fits() {
        let mut state = CacheState::new(BATCH);
        state.refilled(20);
        assert_eq!((state.len, state.limit), (20, 20));
    }

    #[test]
    fn a_thread_that_only_gives_gives_all_that_it_has() {
        let mut state = CacheState::new(BATCH);
        let mut given = Vec::new();
        for _ in 0..=STEADY {
            given.push(flush(&mut state));
        }
        assert_eq!(given[..16], [BATCH.min; 16], "half of two batches, until it has shown it");
        assert_eq!((given[16], state.len, state.limit), (ONE_WAY, 0, ONE_WAY));
        state.refilled(4);
        assert_eq!(widened(&mut state), [28, ROOM], "and it may grow again");
    }

    #[test]
    fn without_a_large_magazine_only_a_thread_that_only_gives_holds_back() {
        let mut state = CacheState::new(BATCH);
        assert!(!state.hold_back(BATCH));
        for _ in 0..STEADY {
            flush(&mut state);
        }
        let mut limits = vec![state.limit];
        while state.hold_back(BATCH) {
            limits.push(state.limit);
        }
        assert_eq!(limits, [14, 18, 22], "two batches more");
        assert_eq!((flush(&mut state), state.len, state.limit), (20, 2, ONE_WAY));
    }

    #[test]
    fn flushes_in_a_row_bring_it_down_from_its_room() {
        let mut state = CacheState::new(BATCH);
        state.refilled(4);
        widened(&mut state);
        for _ in 0..STEADY - 1 {
            flush(&mut state);
            assert_eq!(state.limit, ROOM);
        }
        flush(&mut state);
        assert_eq!((state.len, state.limit), (20, 21));
        assert_eq!((flush(&mut state), state.limit), (20, ONE_WAY));
    }

    #[test]
    fn a_refill_in_between_keeps_it_large() {
        let mut state = CacheState::new(BATCH);
        state.refilled(20);
        widened(&mut state);
        for _ in 0..3 * STEADY {
            assert_eq!(flush(&mut state), ROOM / 2);
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
        assert_eq!((state.len, state.limit, state.true_len()), (3, 2 * BATCH.min, 3));
    }

    #[test]
    fn what_a_thread_that_only_gives_holds_fits_into_one_magazine_or_two_batches() {
        let limits = [(64, 512, 224), (64, 100, 128), (64, 65, 128), (1, 2, 2), (1, 8, 3)];
        for (min, max, limit) in limits {
            assert_eq!(one_way(Batch { min, max }), limit, "{min} to {max}");
        }
    }

    #[test]
    fn a_fixed_batch_stays_as_it_is() {
        let mut state = CacheState::new(Batch::fixed(4));
        for len in 1..=4 {
            state.refilled(len);
            assert_eq!((state.len, state.limit, state.grows), (len, 8, false));
        }
    }
}
