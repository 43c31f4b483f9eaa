//! How a thread cache exchanges blocks with the mediator.

use super::depot::Depot;
use super::{Guard, Mediator, Participant, ShardId};
use crate::block::Block;
use crate::free_list::{Chain, MagazineList, MaybeBlock, OwnedMagazine, Reclaimer, Strategy};

/// The mediator, for one thread cache. Each call is one exchange on behalf of that cache.
pub struct Client<'m, S: Strategy> {
    mediator: &'m Mediator<S>,
    participant: &'m Participant<S>,
    shard: ShardId,
}

impl<S: Strategy> Mediator<S> {
    /// The mediator for one thread cache, which belongs to this shard.
    #[inline]
    pub const fn client<'m>(
        &'m self,
        participant: &'m Participant<S>,
        shard: ShardId,
    ) -> Client<'m, S> {
        Client { mediator: self, participant, shard }
    }
}

impl<S: Strategy> Clone for Client<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Strategy> Copy for Client<'_, S> {}

impl<S: Strategy> Client<'_, S> {
    /// Gives blocks away: a whole batch, or the remainder of a thread that leaves. Never fails and
    /// never takes blocks or magazines from the source (M4). If no tag is left, the blocks are set
    /// aside until the pool is dropped.
    ///
    /// # Panics
    ///
    /// If there are more blocks than the largest batch has, or if a caller has broken M1.
    #[inline]
    pub fn offer(self, blocks: &[Block]) {
        if blocks.is_empty() {
            return;
        }
        let guard = self.mediator.reclaimer.pin(self.participant);
        if blocks.len() < self.mediator.batch().min {
            return self.offer_remainder(&guard, blocks);
        }
        let Some(mut magazine) = self.mediator.empty_magazine(&guard) else { return };
        magazine.fill(blocks);
        self.mediator.depot.full.push(self.shard, magazine);
    }

    /// Merges a remainder into a partial magazine, so that there are never many of these (M3).
    fn offer_remainder(self, guard: &Guard<'_, S>, blocks: &[Block]) {
        let Depot { store, batch, full, partial, .. } = &**self.mediator.depot;
        let mut rest = blocks;
        if let Some(mut magazine) = partial.pop(store, guard) {
            let room = batch.min - magazine.len();
            let fit;
            (fit, rest) = blocks.split_at(room.min(blocks.len()));
            magazine.append(fit);
            if fit.len() < room {
                partial.push(magazine);
            } else {
                full.push(self.shard, magazine);
            }
        }
        if !rest.is_empty() {
            let Some(mut magazine) = self.mediator.empty_magazine(guard) else { return };
            magazine.fill(rest);
            partial.push(magazine);
        }
    }

    /// Fills `out` from its start with up to `out.len()` blocks, never more, and returns how many.
    ///
    /// A request for the largest batch or more takes whole batches, as many as fit, by one CAS:
    /// from the cache's shard, or else from the next shard that has any. If no shard has one, it
    /// takes one partial magazine. A request below the largest batch takes one partial magazine, or
    /// else a full one, and leaves in it the blocks that it did not ask for.
    ///
    /// 0 means that the request saw every list that could serve it empty, each by an RMW, and the
    /// lists of full magazines at one instant (M5).
    #[inline]
    pub fn request(self, out: &mut [MaybeBlock]) -> usize {
        let most = self.mediator.batch().max;
        if out.is_empty() {
            return 0;
        }
        self.search(out, |list, guard, out| {
            if out.len() < most {
                return 0;
            }
            let chain = list.pop_up_to(self.mediator.store(), out.len(), guard);
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
    pub fn request_batch(self, out: &mut [MaybeBlock]) -> usize {
        let most = self.mediator.batch().max;
        assert!(out.len() >= most, "room for {} blocks, of {most}", out.len());
        self.search(out, |list, guard, out| {
            let magazine = list.pop(self.mediator.store(), guard);
            magazine.map_or(0, |magazine| self.empty_one(guard, magazine, out))
        })
    }

    /// Searches the full magazines by `take`, and then the partial ones.
    #[inline(always)]
    fn search(
        &self,
        out: &mut [MaybeBlock],
        take: impl Fn(&S::List, &Guard<'_, S>, &mut [MaybeBlock]) -> usize,
    ) -> usize {
        let guard = self.mediator.reclaimer.pin(self.participant);
        self.mediator.depot.full.search(
            self.shard,
            out,
            |list, out| take(list, &guard, out),
            |out| self.request_remainder(&guard, out),
        )
    }

    #[inline(always)]
    fn request_remainder(&self, guard: &Guard<'_, S>, out: &mut [MaybeBlock]) -> usize {
        let Depot { store, batch, full, partial, .. } = &**self.mediator.depot;
        // One at a time: several in one hand, with less than a batch each, break M3.
        let magazine = partial.pop(store, guard).or_else(|| {
            let splits = out.len() < batch.max;
            splits.then(|| full.all_from(self.shard).find_map(|list| list.pop(store, guard)))?
        });
        let Some(mut magazine) = magazine else { return 0 };
        let taken = magazine.take(out);
        match magazine.len() {
            0 => self.mediator.recycle(guard, magazine),
            left if left < batch.min => partial.push(magazine),
            _ => full.push(self.shard, magazine),
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
        self.mediator.recycle(guard, magazine);
        taken
    }
}
