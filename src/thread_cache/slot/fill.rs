//! How far a slot's array is filled, and how far it may be: how large a batch is.
//!
//! Where batches grow, the array has a limit of its own, from two of the least batches to two of the
//! largest; a flush gives away half of it. An array that is full doubles its limit in place of a
//! flush, if the exchange before was a refill: whoever takes blocks and gives them back would not
//! need either, had it more room. A thread that only takes or only gives gains nothing by room, and
//! its blocks would be colder when they come round: so [`STEADY`] exchanges one way halve the limit.

use crate::block::Batch;
use crate::mediator::Home;

/// So many exchanges one way, and none the other, show that a thread takes or gives for good.
const STEADY: isize = 16;

/// What the owner of an array keeps of it. Nobody else looks.
pub(super) struct Fill {
    /// Blocks in it.
    pub(super) len: usize,
    /// With so many it is full. At least two of the least batches.
    pub(super) limit: usize,
    /// Refills since the last flush; flushes since the last refill, counted down.
    tide: isize,
    /// Where batches go and come from.
    pub(super) home: Home,
}

impl Fill {
    /// An empty array.
    pub(super) fn new(batch: Batch) -> Self {
        Self { len: 0, limit: 2 * batch.least, tide: 0, home: Home::default() }
    }

    /// The array is full: may it hold twice as many blocks, or as many as it has `room` for?
    pub(super) fn widen(&mut self, room: usize) -> bool {
        let may = self.tide > 0 && self.limit < room;
        if may {
            self.limit = room.min(2 * self.limit);
        }
        may
    }

    /// The array is empty, and its owner goes.
    pub(super) const fn narrow(&mut self, batch: Batch) {
        (self.limit, self.tide) = (2 * batch.least, 0);
    }

    /// The array was empty, and has so many blocks now.
    pub(super) fn refilled(&mut self, batch: Batch, len: usize) {
        if self.turn(1) {
            self.limit = (self.limit / 2).max(2 * batch.least);
        }
        (self.len, self.limit) = (len, self.limit.max(len));
    }

    /// A batch was given away, and `len` blocks are left.
    pub(super) fn flushed(&mut self, batch: Batch, len: usize) {
        self.len = len;
        if self.turn(-1) {
            // Above what is left: the block that was too much is still to come.
            self.limit = (2 * batch.least).max(len + 1);
        }
    }

    /// Counts an exchange, up or down by `step`. Whether it was one too many in this direction; then
    /// the count begins again.
    const fn turn(&mut self, step: isize) -> bool {
        self.tide = if self.tide.signum() == -step { step } else { self.tide + step };
        let is_steady = self.tide.abs() == STEADY;
        if is_steady {
            self.tide = step;
        }
        is_steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Batch = Batch { least: 3, most: 20 };
    const ROOM: usize = 40;

    /// A flush of the full array.
    fn flush(fill: &mut Fill) {
        let kept = fill.limit - fill.limit / 2;
        fill.flushed(BATCH, kept);
        assert!(fill.len < fill.limit, "there is room for the block that was too much");
        fill.len = fill.limit;
    }

    #[test]
    fn only_a_refill_lets_it_grow() {
        let mut fill = Fill::new(BATCH);
        assert!(!fill.widen(ROOM));
        fill.refilled(BATCH, 3);
        let limits: Vec<usize> =
            core::iter::from_fn(|| fill.widen(ROOM).then_some(fill.limit)).collect();
        assert_eq!(limits, [12, 24, ROOM], "never beyond its room");
        flush(&mut fill);
        assert!(!fill.widen(ROOM));
    }

    #[test]
    fn what_comes_in_always_fits() {
        let mut fill = Fill::new(BATCH);
        fill.refilled(BATCH, 20);
        assert_eq!((fill.len, fill.limit), (20, 20));
        assert!(fill.limit / 2 >= BATCH.least, "a flush is at least a batch");
    }

    #[test]
    fn exchanges_one_way_bring_it_back_to_the_least_batch() {
        for flushes in [false, true] {
            let mut fill = Fill::new(BATCH);
            fill.refilled(BATCH, 3);
            while fill.widen(ROOM) {}
            let mut exchanges = 0;
            while fill.limit > 2 * BATCH.least {
                if flushes {
                    flush(&mut fill)
                } else {
                    fill.refilled(BATCH, 3)
                }
                exchanges += 1;
                assert!(exchanges < 20 * STEADY, "limit {}", fill.limit);
            }
            assert!(exchanges >= 2 * (STEADY - 1));
            assert!(!flushes || !fill.widen(ROOM));
        }
    }

    #[test]
    fn a_fixed_batch_stays_as_it_is() {
        let batch = Batch::fixed(4);
        let mut fill = Fill::new(batch);
        for _ in 0..3 * STEADY {
            fill.refilled(batch, 4);
            assert!(!fill.widen(8));
        }
        for _ in 0..3 * STEADY {
            fill.flushed(batch, 4);
        }
        assert_eq!(fill.limit, 8);
    }
}
