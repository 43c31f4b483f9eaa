//! A subject that may have a limited number of blocks.
//!
//! A block is counted from after its allocation until before its deallocation. So the count is
//! never above the true number of live blocks, and every report is a violation.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crossbeam_utils::CachePadded;

use super::violation::Violation;

/// Watches over a subject's capacity. Shared by all threads of a run.
pub struct Limit<'a> {
    capacity: usize,
    live: CachePadded<AtomicUsize>,
    /// Blocks carved so far, as the subject says.
    carved: &'a (dyn Fn() -> usize + Sync),
}

impl fmt::Debug for Limit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capacity, live, .. } = self;
        f.debug_struct("Limit").field("capacity", capacity).field("live", live).finish()
    }
}

impl<'a> Limit<'a> {
    /// Watches over `capacity` blocks of a subject that has `carved` so many.
    pub fn new(capacity: usize, carved: &'a (dyn Fn() -> usize + Sync)) -> Self {
        Self { capacity, live: CachePadded::default(), carved }
    }

    /// Call after an allocation.
    ///
    /// # Errors
    /// More blocks are live than may be.
    pub fn admit(&self) -> Result<(), Violation> {
        let blocks = self.live.fetch_add(1, Relaxed) + 1;
        let capacity = self.capacity;
        if blocks > capacity {
            return Err(Violation::OverCapacity { blocks, capacity });
        }
        Ok(())
    }

    /// Call before a deallocation.
    pub fn dismiss(&self) {
        self.live.fetch_sub(1, Relaxed);
    }

    /// Call after an allocation that failed. Some blocks may be free, in the caches of other
    /// handles; but all were carved, and carved blocks stay so.
    ///
    /// # Errors
    /// The subject could have carved more, or carved too many.
    pub fn refused(&self) -> Result<(), Violation> {
        let (carved, capacity) = ((self.carved)(), self.capacity);
        match carved.cmp(&capacity) {
            core::cmp::Ordering::Less => Err(Violation::RefusedBelowCapacity { carved, capacity }),
            core::cmp::Ordering::Equal => Ok(()),
            core::cmp::Ordering::Greater => {
                Err(Violation::OverCapacity { blocks: carved, capacity })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_seen_and_so_is_a_refusal_too_early() {
        let carved = AtomicUsize::new(1);
        let count = || carved.load(Relaxed);
        let limit = Limit::new(2, &count);
        assert_eq!((limit.admit(), limit.admit()), (Ok(()), Ok(())));
        assert_eq!(limit.admit(), Err(Violation::OverCapacity { blocks: 3, capacity: 2 }));
        limit.dismiss();
        limit.dismiss();
        assert_eq!(limit.admit(), Ok(()), "a free makes room");
        let early = Violation::RefusedBelowCapacity { carved: 1, capacity: 2 };
        assert_eq!(limit.refused(), Err(early));
        carved.store(2, Relaxed);
        assert_eq!(limit.refused(), Ok(()));
        carved.store(3, Relaxed);
        assert_eq!(limit.refused(), Err(Violation::OverCapacity { blocks: 3, capacity: 2 }));
    }
}
