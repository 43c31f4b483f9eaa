//! Checks of the blocks that a flush or a refill moves in one batch.

use super::{Checks, Misuse};
use crate::thread_cache::SlotRef;

/// Marks the oldest `count` blocks of the array as in a magazine, before a flush moves them there.
///
/// # Errors
///
/// One of them belongs to another thread. It is out of the array now; nothing else has changed.
///
/// # Safety
///
/// The caller owns the slot, for which `checking` has made `state`, and the array holds at least
/// `count` blocks.
pub unsafe fn batch_leaves_cache<C: Checks>(
    checking: &C,
    state: &C::State,
    slot: SlotRef,
    count: usize,
) -> Result<(), Misuse> {
    if !C::CHECKS {
        return Ok(());
    }
    // SAFETY: by the caller; the slice is not used once an entry is removed.
    let blocks = &unsafe { slot.blocks() }[..count];
    for (nth, &block) in blocks.iter().enumerate() {
        // SAFETY: the block lies in the array.
        if let Err(misuse) = unsafe { checking.leaves_cache(state, block) } {
            for &block in &blocks[..nth] {
                // This fails if another thread's double free has claimed the block meanwhile. The
                // copy here is then found when it leaves the cache.
                // SAFETY: as above.
                _ = unsafe { checking.enters_cache(state, block) };
            }
            // SAFETY: by the caller; `nth` is below the count.
            unsafe { slot.remove(nth) };
            return Err(misuse);
        }
    }
    Ok(())
}

/// Marks all blocks of the array as cached, after a refill has brought them.
///
/// # Errors
///
/// Some of them belong to other threads. They are out of the array now.
///
/// # Safety
///
/// The caller owns the slot, for which `checking` has made `state`, and a refill has just brought
/// all blocks of the array.
pub unsafe fn batch_enters_cache<C: Checks>(
    checking: &C,
    state: &C::State,
    slot: SlotRef,
) -> Result<(), Misuse> {
    if !C::CHECKS {
        return Ok(());
    }
    let mut all = Ok(());
    // SAFETY: by the caller.
    let len = unsafe { slot.len_blocks() };
    // From the end, because a removal moves only the blocks behind it, which are checked already.
    for nth in (0..len).rev() {
        // SAFETY: by the caller; the slice is used at once.
        let block = unsafe { slot.blocks() }[nth];
        // SAFETY: a refill has brought the block.
        if let Err(misuse) = unsafe { checking.enters_cache(state, block) } {
            // SAFETY: by the caller; `nth` is below the length.
            unsafe { slot.remove(nth) };
            all = Err(misuse);
        }
    }
    all
}
