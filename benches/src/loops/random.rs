//! Numbers to choose slots by.

/// A multiplicative generator: a few cycles, good enough to choose slots.
pub(crate) struct Random(u64);

impl Random {
    /// One of its own for each thread, the same in each run.
    pub(crate) fn of(thread: usize) -> Self {
        Self(1 + thread as u64)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (self.0 >> 40) as usize
    }

    /// Yes, so many times in a hundred.
    #[inline]
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.next() % 100 < percent
    }

    /// Puts `items` into some order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.next() % (last + 1));
        }
    }
}
