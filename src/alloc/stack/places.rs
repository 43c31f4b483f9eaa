//! Where things lie in a chunk of a stack.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::free::{GRANULE, Top};
use crate::alloc::chunks::Chunk;

/// Room in front of each chunk's blocks for the top of a chunk that is not the current one.
pub(super) const TOP_BYTES: usize = size_of::<Top>().next_multiple_of(GRANULE);

/// Where the blocks of a chunk begin.
pub(super) fn first_of(chunk: Chunk) -> NonNull<u8> {
    // SAFETY: `grow` obtains every chunk with this much more room.
    unsafe { chunk.start().add(TOP_BYTES) }
}

pub(super) const fn top_of(chunk: Chunk) -> NonNull<Top> {
    chunk.start().cast()
}

/// A size rounded up to whole granules. A size is at most `isize::MAX`, so this does not overflow.
pub(super) const fn rounded(size: usize) -> usize {
    (size + (GRANULE - 1)) & !(GRANULE - 1)
}

/// Whether an empty chunk has room for a block of `layout`.
pub(super) fn has_room(chunk: Chunk, layout: Layout) -> bool {
    let first = first_of(chunk).addr().get();
    let padding = first.wrapping_neg() & (layout.align() - 1);
    padding + rounded(layout.size()) <= chunk.len() - TOP_BYTES
}

/// Where the memory of a scope begins.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    pub(super) chunk: Option<Chunk>,
    pub(super) mark: NonNull<u8>,
}

/// What a scope remembers: where it begins, and the floor of its parent.
#[derive(Clone, Copy)]
pub(super) struct Opened {
    pub(super) floor: Floor,
    pub(super) outer: Floor,
    pub(super) outer_low: NonNull<u8>,
}
