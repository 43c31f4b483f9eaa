//! How blocks come out of the mediator.

use super::shard::ShardScan;
use super::{Depot, Guard, Mediator, Participant, ShardId};
use crate::free_list::{Chain, MagazineList, MaybeBlock, OwnedMagazine, Reclaimer, Strategy};

impl<S: Strategy> Mediator<S> {
    /// Fills `out` from its start with up to `out.len()` blocks, never more, and returns how many.
    ///
    /// A request for the largest batch or more takes whole batches, as many as fit, by one CAS:
    /// from the caller's shard, or else from the next shard that has any. If no shard has one, it
    /// takes one partial magazine. A request below the largest batch takes one partial magazine, or
    /// else a full one, and leaves in it the blocks that it did not ask for.
    ///
    /// 0 means that the request saw every list that could serve it empty, each by an RMW, and the
    /// lists of full magazines at one instant (M5).
    #[inline]
    pub fn request(
        &self,
        participant: &Participant<S>,
        shard: ShardId,
        out: &mut [MaybeBlock],
    ) -> usize {
        let most = self.batch().max;
        self.scan(participant, shard, out, |list, guard, out| {
            if out.len() < most {
                return 0;
            }
            let chain = list.pop_up_to(&self.depot.store, out.len(), guard);
            self.empty_into(guard, chain, out)
        })
    }

    /// As [`request`](Self::request), but takes one full magazine only: the blocks that were
    /// offered together last. Handles call this, because a handle's own batch may be small while
    /// the batches of other handles are large.
    ///
    /// # Panics
    ///
    /// If `out` has no room for the largest batch.
    #[inline]
    pub fn request_batch(
        &self,
        participant: &Participant<S>,
        shard: ShardId,
        out: &mut [MaybeBlock],
    ) -> usize {
        assert!(out.len() >= self.batch().max, "room for {} blocks", out.len());
        self.scan(participant, shard, out, |list, guard, out| {
            let magazine = list.pop(&self.depot.store, guard);
            magazine.map_or(0, |magazine| self.empty_one(guard, magazine, out))
        })
    }

    /// Scans the lists until one has something, or all were empty at one instant. `take` takes
    /// whole batches from one list.
    #[inline(always)]
    fn scan(
        &self,
        participant: &Participant<S>,
        shard: ShardId,
        out: &mut [MaybeBlock],
        take: impl Fn(&S::List, &Guard<'_, S>, &mut [MaybeBlock]) -> usize,
    ) -> usize {
        let guard = self.reclaimer.pin(participant);
        let mut scan = ShardScan::begin(shard);
        loop {
            let taken = take(self.depot.full.list(scan.shard()), &guard, out);
            if taken > 0 {
                return taken;
            }
            if let Some(taken) = self.scan_on(&guard, &mut scan, out) {
                return taken;
            }
        }
    }

    /// Called when the list at which the scan stands has nothing. Returns how many blocks came from
    /// a partial or a split magazine (0: nothing anywhere), or `None` if the scan goes on.
    #[cold]
    fn scan_on(
        &self,
        guard: &Guard<'_, S>,
        scan: &mut ShardScan,
        out: &mut [MaybeBlock],
    ) -> Option<usize> {
        let Depot { batch, full, .. } = &**self.depot;
        if out.is_empty() {
            return Some(0);
        }
        if out.len() >= batch.max && full.has_next(scan) {
            return None;
        }
        let taken = self.request_remainder(guard, scan.shard_id(), out);
        (taken > 0 || full.is_confirmed_empty(scan)).then_some(taken)
    }

    fn request_remainder(
        &self,
        guard: &Guard<'_, S>,
        shard: ShardId,
        out: &mut [MaybeBlock],
    ) -> usize {
        let Depot { store, batch, full, partial, .. } = &**self.depot;
        // One at a time: several in one hand, with less than a batch each, break M3.
        let magazine = partial.pop(store, guard).or_else(|| {
            let splits = out.len() < batch.max;
            splits.then(|| full.all_from(shard).find_map(|list| list.pop(store, guard)))?
        });
        let Some(mut magazine) = magazine else { return 0 };
        let taken = magazine.take(out);
        match magazine.len() {
            0 => self.recycle(guard, magazine),
            left if left < batch.min => partial.push(magazine),
            _ => full.push(shard, magazine),
        }
        taken
    }

    /// Copies the blocks of a chain to `out` and sends its magazines back to `empty`.
    #[inline]
    fn empty_into(&self, guard: &Guard<'_, S>, chain: Chain<'_>, out: &mut [MaybeBlock]) -> usize {
        let mut taken = 0;
        for magazine in chain {
            taken += self.empty_one(guard, magazine, &mut out[taken..]);
        }
        taken
    }

    /// As [`empty_into`](Self::empty_into), for one magazine.
    #[inline]
    fn empty_one(
        &self,
        guard: &Guard<'_, S>,
        mut magazine: OwnedMagazine<'_>,
        out: &mut [MaybeBlock],
    ) -> usize {
        let taken = magazine.unload(out);
        self.recycle(guard, magazine);
        taken
    }
}
