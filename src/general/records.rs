//! Memory for the records of all classes: thread caches, magazines, chunks. It comes from mappings of
//! their own, so that blocks begin at the start of theirs, and it stays until the process ends.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::mapping;
use crate::sync::{ForkMutex, lock};

/// The bytes of a mapping, if one request does not need more.
const STEP: usize = 256 << 10;

/// What is left of the last mapping.
struct Rest {
    start: NonNull<u8>,
    len: usize,
    /// Bytes handed out so far.
    used: usize,
}

// SAFETY: the rest belongs to this value alone.
unsafe impl Send for Rest {}

static REST: ForkMutex<Rest> = ForkMutex::new(Rest { start: NonNull::dangling(), len: 0, used: 0 });

/// Room of this layout, for good. `None` if the system refuses.
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    debug_assert!(layout.align() <= mapping::PAGE, "records are aligned to a page at most");
    let mut rest = lock(&REST);
    if let Some(room) = rest.cut(layout) {
        return Some(room);
    }
    let len = layout.size().checked_next_multiple_of(mapping::PAGE)?.max(STEP);
    // What was left of the mapping before is lost: less than the request.
    (rest.start, rest.len) = (mapping::map(len, mapping::PAGE)?, len);
    rest.cut(layout)
}

impl Rest {
    fn cut(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let padding = self.start.addr().get().wrapping_neg() & (layout.align() - 1);
        let end = padding.checked_add(layout.size())?;
        self.len = self.len.checked_sub(end)?;
        self.used += end;
        let start = self.start;
        // SAFETY: `end` bytes were left behind it.
        self.start = unsafe { start.add(end) };
        // SAFETY: as above.
        Some(unsafe { start.add(padding) })
    }
}

/// Bytes that are used for records.
pub(super) fn bytes() -> usize {
    lock(&REST).used
}

/// Keeps other threads out, over a fork.
///
/// # Safety
///
/// The calling thread calls [`give_up_lock`] before it does anything else here.
pub(super) unsafe fn keep_lock() {
    // SAFETY: by the caller; the mutex is a static.
    unsafe { REST.keep() };
}

/// Lets them in again.
///
/// # Safety
///
/// The calling thread has called [`keep_lock`].
pub(super) unsafe fn give_up_lock() {
    // SAFETY: by the caller.
    unsafe { REST.give_up() };
}
