//! The counts of a pool: [`Stats`] and [`Census`].

use super::in_use::InUse;
use super::shared::Shared;
use super::stats::{Census, Stats};
use crate::checking::Checking;
use crate::free_list::Strategy;
use crate::sync::lock;
use crate::thread_cache::{SlotRef, SlotStats};

impl<S: Strategy, C: Checking> Shared<S, C> {
    pub(super) fn stats(&self) -> Stats {
        let (limbo_magazines, limbo_limit) = self.mediator.limbo();
        let overflows = self.mediator.overflows();
        let (mut refills, mut flushes, mut drawn_blocks) = (0, 0, 0_u64);
        for slot in self.registry.iter().map(SlotRef::stats) {
            refills += slot.refills;
            flushes += slot.flushes;
            // A block may be flushed by another slot than the one that refilled it, so only the sum
            // over all slots is a number of blocks. It is exact only while no thread is counting.
            drawn_blocks = drawn_blocks.wrapping_add(slot.refilled_blocks);
            drawn_blocks = drawn_blocks.wrapping_sub(slot.flushed_blocks);
        }
        let growth = lock(&self.growth);
        let magazines = growth.magazines - growth.large_magazines;
        Stats {
            strategy: self.mechanism.name,
            checking: C::NAME,
            lock_free: self.mechanism.lock_free,
            tag_bits: self.mechanism.tag_bits,
            block_size: self.layout.stride(),
            block_align: self.layout.align(),
            batch_blocks: self.mediator.batch().min,
            max_batch_blocks: self.mediator.batch().max,
            shards: self.mediator.shards(),
            max_carved_blocks: (self.capacity < usize::MAX).then_some(self.capacity),
            in_use_limit: self.in_use.as_ref().map(InUse::limit),
            in_use_blocks: self.in_use.as_ref().map(InUse::count),
            carved_blocks: growth.carver.carved(),
            chunks: growth.carver.chunks(),
            regions: growth.regions.count(),
            source_calls: growth.regions.calls(),
            source_bytes: growth.regions.bytes(),
            magazines,
            large_magazines: growth.large_magazines,
            magazine_bytes: magazines * self.magazine_layout().size()
                + growth.large_magazines * self.large_layout().size(),
            limbo_magazines,
            limbo_limit,
            overflows,
            refills,
            flushes,
            drawn_blocks: drawn_blocks.cast_signed().max(0).cast_unsigned(),
            cas_failures: self.mediator.cas_failures(),
            slots: growth.slots,
            attached: self.registry.iter().filter(|slot| slot.owner().is_some()).count(),
        }
    }

    pub(super) fn slots(&self) -> Vec<SlotStats> {
        self.registry.iter().map(SlotRef::stats).collect()
    }

    /// Counts the blocks that the pool holds.
    ///
    /// Threads may keep pointers that were derived from `&Shared`, in handles that they do not use
    /// at present. So this takes `&self`: a `&mut Shared` would invalidate those pointers.
    ///
    /// # Safety
    ///
    /// No handle is in use until this returns.
    pub(super) unsafe fn census(&self) -> Census {
        // The rundown keeps ending threads out, and by the caller no handle is in use.
        let _held = self.rundown.exclusive();
        // SAFETY: as just said, no other thread is in the shared part.
        let counts = unsafe { self.mediator.census_alone() };
        let (full_blocks, partial_blocks, empty_magazines) = counts;
        // SAFETY: as just said, no other thread is in the shared part.
        let in_array = |slot: SlotRef| unsafe { slot.len_blocks() };
        // SAFETY: as just said, no other thread is in the shared part.
        let kept_back = |slot: SlotRef| unsafe { slot.quarantined_blocks() };
        let slots = self.registry.iter();
        let cached_blocks = slots.map(|slot| in_array(slot) + kept_back(slot)).sum();
        Census { cached_blocks, full_blocks, partial_blocks, empty_magazines }
    }
}
