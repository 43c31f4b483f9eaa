//! The specification of a pool: a multiset of free blocks with a capacity.
//!
//! The blocks are not named beforehand: a block that was never handed out may be any block. So the
//! state is the set of the live blocks, and everything else is free.

use crate::{Object, Operation};

/// The live blocks of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Multiset {
    /// One bit per block.
    live: u128,
    capacity: usize,
    batch: usize,
}

impl Multiset {
    /// All blocks free.
    #[must_use]
    pub const fn new(capacity: usize, batch: usize) -> Self {
        Self { live: 0, capacity, batch }
    }

    fn free(&self) -> usize {
        self.capacity.saturating_sub(self.live.count_ones() as usize)
    }
}

impl Object for Multiset {
    type Op = Operation;

    fn apply(&self, _thread: usize, op: &Operation) -> Vec<Self> {
        let mut next = self.clone();
        let fine = match *op {
            // Nobody has it, and there is room.
            Operation::Allocated(block) => {
                next.live |= 1 << block;
                next != *self && self.free() > 0
            }
            // Documented of `Local::allocate`: free blocks may lie in the caches of other handles.
            // Those hold two batches at most each.
            Operation::Refused { others } => self.free() <= 2 * self.batch * others,
            // Frees never fail.
            Operation::Freed(block) => {
                next.live &= !(1 << block);
                next != *self
            }
            Operation::Failed => false,
        };
        if fine { vec![next] } else { vec![] }
    }

    fn outcome(&self) -> String {
        format!("{:b} live", self.live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Call;
    use crate::linearize::linearize;
    use Operation::{Allocated, Failed, Freed, Refused};

    /// A pool of three blocks in batches of one.
    fn is_fine(history: &[(usize, Operation, usize, usize)]) -> bool {
        let calls: Vec<_> = history
            .iter()
            .map(|&(thread, op, invoked, returned)| Call { thread, op, invoked, returned })
            .collect();
        linearize(Multiset::new(3, 1), &calls).is_ok()
    }

    #[test]
    fn a_block_may_come_again_once_its_free_has_begun() {
        let again = |freed, allocated: (usize, usize)| {
            is_fine(&[
                (0, Allocated(0), 0, 1),
                (0, Freed(0), 2, freed),
                (1, Allocated(0), allocated.0, allocated.1),
            ])
        };
        assert!(again(3, (4, 5)), "after it");
        assert!(again(5, (3, 4)), "beside it");
        assert!(!is_fine(&[(0, Allocated(0), 0, 1), (1, Allocated(0), 2, 3), (0, Freed(0), 4, 5)]));
    }

    #[test]
    fn a_block_handed_out_twice_is_rejected() {
        assert!(!is_fine(&[(0, Allocated(7), 0, 3), (1, Allocated(7), 1, 2)]));
    }

    #[test]
    fn a_free_of_what_nobody_has_is_rejected() {
        assert!(!is_fine(&[(0, Freed(0), 0, 1)]));
        assert!(!is_fine(&[(0, Allocated(0), 0, 1), (0, Freed(0), 2, 5), (1, Freed(0), 3, 4)]));
    }

    #[test]
    fn the_capacity_is_a_limit() {
        let three = [(0, Allocated(0), 0, 1), (0, Allocated(1), 2, 3), (0, Allocated(2), 4, 5)];
        assert!(is_fine(&three));
        assert!(!is_fine(&[three.as_slice(), &[(0, Allocated(3), 6, 7)]].concat()));
    }

    #[test]
    fn a_refusal_needs_caches_for_what_is_free() {
        // Three are free, and one other handle holds two at most.
        assert!(!is_fine(&[(0, Refused { others: 1 }, 0, 1)]));
        assert!(is_fine(&[(0, Refused { others: 2 }, 0, 1)]));
        assert!(is_fine(&[(1, Allocated(0), 0, 3), (0, Refused { others: 1 }, 1, 2)]));
        assert!(!is_fine(&[(0, Refused { others: 1 }, 0, 1), (1, Allocated(0), 2, 3)]));
        // Alone, nothing may be free.
        assert!(!is_fine(&[(1, Allocated(0), 0, 1), (0, Refused { others: 0 }, 2, 3)]));
    }

    #[test]
    fn nothing_else_may_go_wrong() {
        assert!(!is_fine(&[(0, Failed, 0, 1)]));
    }
}
