//! How a thread cache exchanges blocks with the mediator.

use super::depot::Depot;
use super::{Guard, Mediator, Participant, ShardId};
use crate::block::{Block, MaybeBlock};
use crate::free_list::{MagazineList, Reclaimer, Strategy, TaggedWide, Take};
use crate::sync::opaque;

/// The mediator, for one thread cache. Each call is one exchange on behalf of that cache.
pub struct Client<'m, S: Strategy = TaggedWide> {
    mediator: &'m Mediator<S>,
    participant: &'m Participant<S>,
    shard: ShardId,
}

opaque! { [S: Strategy] Client<'_, S>; }

impl<S: Strategy> Mediator<S> {
    /// The mediator for one thread cache, which belongs to this shard.
    ///
    /// # Safety
    ///
    /// [`join`](Self::join) of this mediator has made the participant (M6).
    #[inline]
    pub const unsafe fn client<'m>(
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
    /// Gives blocks away: one of the smallest batches, or the remainder of a thread that leaves.
    /// Never fails and never takes blocks or magazines from the source (M4). If no tag is left, the
    /// blocks are set aside until the pool is dropped.
    ///
    /// # Panics
    ///
    /// If there are more blocks than the smallest batch has, or if a caller has broken M1.
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

    /// Gives blocks away in a large magazine, if one is free. Returns false, and gives nothing away,
    /// if there is none. `blocks` prepares the blocks and returns them: at least one of the smallest
    /// batches, at most the largest batch.
    ///
    /// # Errors
    ///
    /// What `blocks` returns. Nothing is given away then.
    ///
    /// # Panics
    ///
    /// If there are more blocks than the largest batch has.
    pub fn offer_large<'b, E>(
        self,
        blocks: impl FnOnce() -> Result<&'b [Block], E>,
    ) -> Result<bool, E> {
        let Depot { store, batch, full, large, .. } = &**self.mediator.depot;
        let Some(large) = large else { return Ok(false) };
        let guard = self.mediator.reclaimer.pin(self.participant);
        // SAFETY: M6.
        let Some(magazine) = (unsafe { large.pop(store, &guard) }) else { return Ok(false) };
        let blocks = match blocks() {
            Ok(blocks) => blocks,
            Err(error) => {
                // A thread may still be reading it, so it waits before it returns to `large`.
                self.mediator.recycle(&guard, magazine);
                return Err(error);
            }
        };
        debug_assert!(blocks.len() >= batch.min, "M2: {} blocks", blocks.len());
        // SAFETY: as in `empty_magazine`, with `large` instead of `empty`.
        let mut magazine = unsafe { magazine.assume_reusable() };
        magazine.fill_large(blocks);
        full.push(self.shard, magazine);
        Ok(true)
    }

    /// Merges a remainder into a partial magazine, so that there are never many of these (M3).
    fn offer_remainder(&self, guard: &Guard<'_, S>, blocks: &[Block]) {
        let Depot { store, batch, full, partial, .. } = &**self.mediator.depot;
        let mut rest = blocks;
        // SAFETY: M6.
        if let Some(mut magazine) = unsafe { partial.pop(store, guard) } {
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
    /// A request for the largest batch or more removes what `take` says from the list of the
    /// cache's shard, or else from that of the next shard that has any: [`Take::One`] for one full
    /// magazine, the blocks that were offered together last, or `Take::UpTo(out.len())` for as many
    /// as fit. If no shard has one, it takes one partial magazine. A request below the largest
    /// batch takes one partial magazine, or else a full one, and leaves in it the blocks that it
    /// did not ask for.
    ///
    /// 0 means that the request saw every list that could serve it empty, each by an RMW, and the
    /// lists of full magazines at one instant (M5).
    ///
    /// # Panics
    ///
    /// If `take` brings more blocks than `out` has room for: one magazine may hold the largest
    /// batch.
    #[inline]
    pub fn request(self, take: Take, out: &mut [MaybeBlock]) -> usize {
        let most = self.mediator.batch().max;
        assert!(take != Take::One || out.len() >= most, "room for {} blocks, of {most}", out.len());
        if out.is_empty() {
            return 0;
        }
        let guard = self.mediator.reclaimer.pin(self.participant);
        match self.empty_into(out, &self.mediator.depot.full.shard(self.shard).list, take, &guard) {
            0 => self.search(out, take, &guard),
            taken => taken,
        }
    }

    /// Goes on with a request after the list of the cache's own shard had nothing: through the
    /// lists of the other shards, then through the partial magazines, and from the beginning again
    /// unless all lists were empty at one instant, as FC2 says (`full_lists.rs`).
    #[cold]
    fn search(&self, out: &mut [MaybeBlock], take: Take, guard: &Guard<'_, S>) -> usize {
        let full = &self.mediator.depot.full;
        let (mut shard, mut before) = (self.shard, None);
        loop {
            shard = full.after(shard);
            if shard == self.shard {
                // The round is over.
                let taken = self.request_remainder(guard, out);
                if taken > 0 || full.is_confirmed_empty(&mut before) {
                    return taken;
                }
            }
            let taken = self.empty_into(out, &full.shard(shard).list, take, guard);
            if taken > 0 {
                return taken;
            }
        }
    }

    #[inline]
    fn request_remainder(&self, guard: &Guard<'_, S>, out: &mut [MaybeBlock]) -> usize {
        let Depot { store, batch, full, partial, .. } = &**self.mediator.depot;
        // SAFETY: M6.
        let pop = |list: &S::List| unsafe { list.pop(store, guard) };
        // One at a time: several in one hand, with less than a batch each, break M3.
        let magazine = pop(partial).or_else(|| {
            let splits = out.len() < batch.max;
            splits.then(|| full.all_from(self.shard).find_map(pop))?
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

    /// Removes what `take` says from a list of full magazines, copies the blocks to `out` and sends
    /// the magazines back to `empty`. Takes nothing if `out` has less room than the largest batch.
    #[inline]
    fn empty_into(
        &self,
        out: &mut [MaybeBlock],
        list: &S::List,
        take: Take,
        guard: &Guard<'_, S>,
    ) -> usize {
        let mut taken = 0;
        if out.len() >= self.mediator.batch().max {
            // SAFETY: M6.
            for mut magazine in unsafe { list.remove(take, self.mediator.store(), guard) } {
                // SAFETY: it goes to the empty magazines, and is filled first by its next owner
                // (M2).
                taken += unsafe { magazine.unload(&mut out[taken..]) };
                self.mediator.recycle(guard, magazine);
            }
        }
        taken
    }
}
