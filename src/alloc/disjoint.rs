//! Whether a source has given the same bytes twice.

use core::ptr::NonNull;

/// A piece of memory: where it begins, and how many bytes it has.
pub(super) type Piece = (NonNull<u8>, usize);

/// Looks whether a region that a source has just given shares a byte with one of the regions that it
/// gave before and has not got back. Only a source that breaks its contract does that. The region
/// holds blocks of the caller's then, so nobody may write to it, also not to note that it is there.
///
/// # Panics
///
/// If it does. The region stays out: the source would take the other one's bytes back with it.
pub(super) fn ensure_disjoint(region: Piece, mut held: impl Iterator<Item = Piece>) {
    assert!(
        !held.any(|other| overlap(region, other)),
        "the source broke its contract: the {} bytes at {:p} that it gave overlap a region that \
         it gave before and has not got back",
        region.1,
        region.0,
    );
}

fn overlap(one: Piece, other: Piece) -> bool {
    let begins_in = |(start, size): Piece, at: NonNull<u8>| {
        // If `at` lies in front of the piece, the difference wraps around to a number above any size.
        at.addr().get().wrapping_sub(start.addr().get()) < size
    };
    begins_in(one, other.0) || begins_in(other, one.0)
}
