//! What a level has to be asked when blocks go in and out of a thread cache by the batch.

use crate::chunk::{Level, Misuse};
use crate::thread_cache::SlotRef;

/// Says that the oldest `count` blocks of the array are on their way to a shell.
///
/// # Errors
///
/// One of them is somebody else's. It is out of the array now; nothing else has changed.
///
/// # Safety
///
/// The caller is seated there, and the array holds at least `count` blocks.
pub(super) unsafe fn shelve<L: Level>(
    level: &L,
    seat: &L::Seat,
    slot: SlotRef,
    count: usize,
) -> Result<(), Misuse> {
    if !L::WATCHES {
        return Ok(());
    }
    // SAFETY: by the caller; the slice is not used once an entry is removed.
    let blocks = &unsafe { slot.blocks() }[..count];
    for (nth, &block) in blocks.iter().enumerate() {
        if let Err(misuse) = level.shelve(seat, block) {
            for &block in &blocks[..nth] {
                let back = level.unshelve(seat, block);
                debug_assert!(back.is_ok(), "{back:?}: shelved just now, and still here");
            }
            // SAFETY: by the caller; `nth` is below the count.
            unsafe { slot.remove(nth) };
            return Err(misuse);
        }
    }
    Ok(())
}

/// Says that all blocks of the array have come from a shell.
///
/// # Errors
///
/// Some of them are somebody else's. They are out of the array now.
///
/// # Safety
///
/// The caller is seated there.
pub(super) unsafe fn unshelve<L: Level>(
    level: &L,
    seat: &L::Seat,
    slot: SlotRef,
) -> Result<(), Misuse> {
    if !L::WATCHES {
        return Ok(());
    }
    let mut all = Ok(());
    // SAFETY: by the caller.
    let len = unsafe { slot.len_blocks() };
    // From the end: a removal moves only what has been looked at.
    for nth in (0..len).rev() {
        // SAFETY: by the caller; the slice is used at once.
        let block = unsafe { slot.blocks() }[nth];
        if let Err(misuse) = level.unshelve(seat, block) {
            // SAFETY: by the caller; `nth` is below the length.
            unsafe { slot.remove(nth) };
            all = Err(misuse);
        }
    }
    all
}

#[cfg(test)]
mod tests;
