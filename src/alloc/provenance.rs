//! What a pointer that comes back may access.
//!
//! A container may hold a block as a reference to its value, and then the pointer that it passes
//! back is good for the bytes of the value alone. A member that uses the rest of the block takes a
//! pointer of its own. The members with a mark derive it from the mark. The others have no pointer
//! into the block's region at hand, so they expose what they hand out and look it up by its address.
//! Neither compiles to an instruction.

use core::ptr::NonNull;

/// Lets [`recover`] find what `memory` may access.
#[inline(always)]
pub(super) fn expose(memory: NonNull<u8>) -> NonNull<u8> {
    _ = memory.expose_provenance();
    memory
}

/// A pointer to the same byte that may access all that the allocator was given there. The block's
/// region, or the whole block, was [exposed](expose), or the pointer itself is good for the block.
#[inline(always)]
pub(super) fn recover(block: NonNull<u8>) -> NonNull<u8> {
    NonNull::with_exposed_provenance(block.expose_provenance())
}
