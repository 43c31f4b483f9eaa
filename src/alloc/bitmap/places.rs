//! Places for runs of blocks that are aligned to more than a block.

use super::tree::Tree;

/// How many free runs a search for an aligned place looks at before it asks for one with room to spare.
const TRIES: usize = 8;

impl Tree {
    /// The lowest place for `n` blocks at `from` or behind it, if it is found in some tries. Then one in a
    /// run with room to spare, and then any.
    pub(in crate::alloc) fn find_place(
        &self,
        n: usize,
        places: Places,
        from: usize,
    ) -> Option<usize> {
        let mut from = from;
        let fits = |(first, end): (usize, usize)| places.at_least(first).filter(|at| at + n <= end);
        for _ in 0..TRIES {
            let first = self.find(n, from)?;
            let place = places.at_least(first)?;
            if place == first {
                return Some(place);
            }
            match self.first_taken(first, (place + n).min(self.blocks())) {
                None if place + n <= self.blocks() => return Some(place),
                None => return None,
                Some(taken) => from = taken,
            }
        }
        match n.checked_add(places.step - 1).and_then(|spare| self.find(spare, from)) {
            Some(first) => places.at_least(first),
            None => self.runs(from).find_map(fits),
        }
    }

    /// The place in the shortest free run that has one.
    pub(in crate::alloc) fn find_best_place(&self, n: usize, places: Places) -> Option<usize> {
        let places = self.runs(0).filter_map(|(first, end)| {
            let place = places.at_least(first).filter(|place| place + n <= end)?;
            Some((end - first, place))
        });
        places.min().map(|(_, place)| place)
    }
}

/// The blocks whose addresses are aligned as a request asks: each `step`th one, from `first` on.
#[derive(Clone, Copy)]
pub(in crate::alloc) struct Places {
    first: usize,
    step: usize,
}

impl Places {
    /// The region begins at `address`, which is aligned to a block.
    pub(in crate::alloc) fn new(address: usize, shift: u32, align: usize) -> Self {
        let step = (align >> shift).max(1);
        let first = (address >> shift).wrapping_neg() & (step - 1);
        Self { first, step }
    }

    /// The first place that is not less than `at`.
    pub(in crate::alloc) fn at_least(self, at: usize) -> Option<usize> {
        // The places are `first` modulo `step`, a power of two.
        at.checked_add(self.first.wrapping_sub(at) & (self.step - 1))
    }
}
