//! How a handle makes room in its full array if batches grow. What a flush gives away, and how many
//! blocks the array may hold, follows what the thread does (`thread_cache/slot/cache_state.rs`).

use super::Local;
use crate::checking::{Checking, Misuse};
use crate::free_list::{Reclaimer as _, Strategy};
use crate::mediator::Client;
use crate::pool::shared::Shared;
use crate::thread_cache::SlotRef;

impl<S: Strategy, C: Checking> Local<'_, S, C> {
    /// Makes room in the full array of `slot`, if batches grow: raises its limit, or flushes what
    /// the limit says.
    ///
    /// # Errors
    ///
    /// As [`Shared::flush`].
    ///
    /// # Safety
    ///
    /// The arguments are the parts of one handle, whose array is full, and the calling thread uses
    /// that handle.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn adapt(
        slot: SlotRef,
        shared: &Shared<S, C>,
        check: &C::State,
        client: Client<'_, S>,
    ) -> Result<(), Misuse> {
        let batch = shared.mediator.batch();
        // SAFETY: a handle owns the slot, whose batches grow.
        let Some(count) = (unsafe { slot.overflow(batch) }) else { return Ok(()) };
        let is_large = count > batch.min;
        // SAFETY: a handle owns the slot, and the full array holds at least half of its limit.
        if !(is_large && unsafe { shared.flush_large(slot, check, client, count) }?) {
            // Under a strategy that defers reuse the large magazines may wait in limbo instead of in
            // the lists, and no thread that takes brings them back.
            let may_hold_back = is_large && !S::Reclaimer::DEFERS;
            // SAFETY: a handle owns the slot, whose batches grow.
            if may_hold_back && unsafe { slot.hold_back(batch) } {
                return Ok(());
            }
            // SAFETY: a handle owns the slot, and its full array holds two of the smallest batches.
            unsafe { shared.flush(slot, check, client, batch.min) }?;
        }
        // SAFETY: a handle owns the slot.
        unsafe { slot.gave(batch) };
        Ok(())
    }
}
