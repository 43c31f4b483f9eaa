//! The end of a mediator, and the census, for which the caller has the mediator to itself. Both
//! first bring the magazines in limbo back.

use core::mem::ManuallyDrop;

use super::Mediator;
use super::depot::Depot;
use super::full_lists::ShardId;
use crate::free_list::{MagazineList, OwnedMagazine, Reclaimer, Strategy};

impl<S: Strategy> Mediator<S> {
    /// Blocks in full and in partial magazines, and the number of empty magazines. The count is
    /// exact, because `&mut` keeps all other threads out. Afterwards no magazine waits in limbo,
    /// unless the reclaimer has given up (see [`drain`](Self::drain)).
    pub fn census(&mut self) -> (usize, usize, usize) {
        // SAFETY: `&mut` keeps all other threads out.
        unsafe { self.census_alone() }
    }

    /// As [`census`](Self::census), for a caller that excludes the other threads by other means.
    ///
    /// # Safety
    ///
    /// No other thread uses the mediator until this returns, and no guard is held.
    pub unsafe fn census_alone(&self) -> (usize, usize, usize) {
        // If the reclaimer gives up, the magazines that still wait are not counted.
        // SAFETY: by the caller.
        _ = unsafe { self.drain() };
        let Depot { full, partial, empty, .. } = &**self.depot;
        // SAFETY: by the caller.
        let count = |list| unsafe { self.count(list) };
        let full_blocks = full.all_from(ShardId::default()).map(|list| count(list).1).sum();
        (full_blocks, count(partial).1, count(empty).0)
    }

    /// Drops all magazines that are in a list. Only a checker's atomics need it.
    pub fn end_magazines(&mut self) {
        // SAFETY: `&mut` keeps all other threads out.
        _ = unsafe { self.drain() };
        let participant = self.join();
        let guard = self.reclaimer.pin(&participant);
        for list in self.depot.lists() {
            // SAFETY: M6; `&mut` keeps all other threads out.
            for magazine in unsafe { list.take_all_alone(self.store(), &guard) } {
                magazine.end();
            }
        }
    }

    /// Ends the reclaimer's work before the mediator is dropped. Returns false if the reclaimer has
    /// given up, as in [`drain`](Self::drain); the depot is then never freed.
    pub fn finish_limbo(&mut self) -> bool {
        // SAFETY: `&mut` keeps all other threads out.
        self.depot_stays |= S::Reclaimer::DEFERS && !unsafe { self.drain() };
        !self.depot_stays
    }

    /// Returns every magazine that waits in limbo to `empty` or `large`. Returns false if the reclaimer has
    /// given up: a magazine then comes back later, or never. Its deferred return points to the
    /// depot and to the magazine, so neither may be freed.
    ///
    /// # Safety
    ///
    /// No other thread uses the mediator until this returns, and no guard is held.
    #[must_use = "if false, neither the depot nor a magazine may be freed"]
    pub unsafe fn drain(&self) -> bool {
        let Depot { limbo, all_returned, .. } = &**self.depot;
        let mut before = usize::MAX;
        while !limbo.is_empty() {
            let waiting = limbo.waiting();
            if waiting >= before {
                return false;
            }
            before = waiting;
            // SAFETY: by the caller.
            unsafe { self.reclaimer.drain(|| limbo.is_empty()) };
        }
        all_returned.renewed();
        true
    }

    /// Magazines and blocks in a list.
    ///
    /// # Safety
    ///
    /// No other thread removes anything from the list until this returns. If `drain` has given up,
    /// another thread may still return a magazine from limbo.
    unsafe fn count(&self, list: &S::List) -> (usize, usize) {
        let participant = self.join();
        let guard = self.reclaimer.pin(&participant);
        let (mut magazines, mut blocks) = (0, 0);
        // SAFETY: M6; by the caller no thread removes anything meanwhile. The lists to which a
        // thread may still return magazines implement this call by their ordinary `remove`.
        let taken = unsafe { list.take_all_alone(self.store(), &guard) };
        let mut back: Vec<OwnedMagazine<'_>> = taken.collect();
        while let Some(magazine) = back.pop() {
            magazines += 1;
            blocks += magazine.len();
            // SAFETY: released just now. No other thread uses the mediator, so no thread reads the
            // magazine: it is reusable.
            list.push(unsafe { OwnedMagazine::assume(magazine.release(), self.store()) });
        }
        (magazines, blocks)
    }
}

impl<S: Strategy> Drop for Mediator<S> {
    fn drop(&mut self) {
        // A reclaimer that has given up once is not asked again.
        if !self.depot_stays && self.finish_limbo() {
            // SAFETY: not used again. No deferred return points here any more.
            unsafe { ManuallyDrop::drop(&mut self.depot) };
        }
    }
}
