//! Blocks that are larger than those of all classes: each is a mapping of its own.
//!
//! Some of the mappings that were freed are kept for the next request of about their length. The layout
//! tells the length of a mapping, so there is no header.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::mapping::{self, PAGE};
use crate::sync::{ForkMutex, lock};

/// How many mappings are kept at most, and how many bytes of them.
const KEPT: usize = 16;
const KEPT_BYTES: usize = 64 << 20;

/// A mapping that is kept. Nobody uses it.
#[derive(Clone, Copy)]
struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

/// Mappings, the oldest first.
struct Kept {
    mappings: [Option<Mapping>; KEPT],
    bytes: usize,
}

// SAFETY: the mappings belong to this value alone.
unsafe impl Send for Kept {}

static FREED: ForkMutex<Kept> = ForkMutex::new(Kept { mappings: [None; KEPT], bytes: 0 });

/// The length of the mapping for a layout.
fn length(layout: Layout) -> Option<usize> {
    layout.size().max(1).checked_next_multiple_of(PAGE)
}

/// A block of this layout. `None` if the system refuses.
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    let len = length(layout)?;
    match lock(&FREED).find(len, layout.align()) {
        Some(start) => Some(start),
        None => mapping::map(len, layout.align()),
    }
}

/// A block of this layout that is zero.
pub(super) fn take_zeroed(layout: Layout) -> Option<NonNull<u8>> {
    // What was used before would have to be written, page by page. Fresh pages are zero.
    mapping::map(length(layout)?, layout.align())
}

/// Gives a block back.
///
/// # Safety
///
/// [`take`] returned it for this layout, and nobody uses it any more.
pub(super) unsafe fn give(block: NonNull<u8>, layout: Layout) {
    let Some(len) = length(layout) else { return };
    let mut out = [None; KEPT + 1];
    lock(&FREED).keep(Mapping { start: block, len }, &mut out);
    for Mapping { start, len } in out.into_iter().flatten() {
        // SAFETY: it was kept, or is the block, and nobody uses it.
        unsafe { mapping::unmap(start, len) };
    }
}

/// Makes a block longer or shorter; it may move. `None` if the system refuses, or the new block must be
/// aligned to more than a page; then the block is as it was.
///
/// # Safety
///
/// As [`give`], for the old layout, if this succeeds. The new layout has no class.
pub(super) unsafe fn resize(block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    let (had, has) = (length(old)?, length(new)?);
    if had == has && block.addr().get().is_multiple_of(new.align()) {
        return Some(block);
    }
    if new.align() > PAGE {
        return None;
    }
    // SAFETY: by the caller.
    unsafe { mapping::remap(block, had, has) }
}

impl Kept {
    /// Takes a mapping of exactly this length out, the newest first.
    fn find(&mut self, len: usize, align: usize) -> Option<NonNull<u8>> {
        let fits = |mapping: &Option<Mapping>| {
            mapping.is_some_and(|it| it.len == len && it.start.addr().get().is_multiple_of(align))
        };
        let nth = self.mappings.iter().rposition(fits)?;
        self.remove(nth).map(|mapping| mapping.start)
    }

    /// Keeps a mapping. What there is no room for any more goes to `out`: the oldest ones, or this one.
    fn keep(&mut self, mapping: Mapping, out: &mut [Option<Mapping>; KEPT + 1]) {
        if mapping.len > KEPT_BYTES {
            out[0] = Some(mapping);
            return;
        }
        let mut outs = out.iter_mut();
        while self.bytes + mapping.len > KEPT_BYTES || self.mappings[KEPT - 1].is_some() {
            let place = outs.next().expect("one more than are kept");
            *place = self.remove(0);
        }
        let free = self.mappings.iter().position(Option::is_none).expect("one was just made");
        self.mappings[free] = Some(mapping);
        self.bytes += mapping.len;
    }

    /// Takes a mapping out. Those behind it move up.
    fn remove(&mut self, nth: usize) -> Option<Mapping> {
        let mapping = self.mappings[nth].take();
        self.mappings[nth..].rotate_left(1);
        self.bytes -= mapping.map_or(0, |mapping| mapping.len);
        mapping
    }
}

/// Gives all mappings that are kept back, and returns their bytes.
pub(super) fn trim() -> usize {
    let (mappings, bytes) = {
        let mut freed = lock(&FREED);
        (core::mem::replace(&mut freed.mappings, [None; KEPT]), core::mem::take(&mut freed.bytes))
    };
    for Mapping { start, len } in mappings.into_iter().flatten() {
        // SAFETY: it was kept, so nobody uses it.
        unsafe { mapping::unmap(start, len) };
    }
    bytes
}

/// Keeps other threads out, over a fork.
///
/// # Safety
///
/// The calling thread calls [`give_up_lock`] before it does anything else here.
pub(super) unsafe fn keep_lock() {
    // SAFETY: by the caller; the mutex is a static.
    unsafe { FREED.keep() };
}

/// Lets them in again.
///
/// # Safety
///
/// The calling thread has called [`keep_lock`].
pub(super) unsafe fn give_up_lock() {
    // SAFETY: by the caller.
    unsafe { FREED.give_up() };
}
