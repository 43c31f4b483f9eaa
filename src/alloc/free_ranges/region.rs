//! A region: granules, and one bit for each of them.

use core::ptr::NonNull;

use super::range::GRANULE;
use crate::alloc::chunks::Chunk;

const BITS: usize = u64::BITS as usize;
const WORD: usize = size_of::<u64>();

/// A chunk's granules and their bits: one bit for each, and one for the end of the last one.
///
/// ```text
///   base            base + GRANULE                            base + len
///   | chunk's header | granule 1 | granule 2 | .. | granule n | bits |
/// ```
///
/// The bit of a granule is set if its start is a border: memory is free on one side of it, and in use
/// on the other. What lies in front of the first granule and behind the last one counts as in use. So
/// the bits at both ends of a block that is in use say whether it has free neighbours, and both change
/// if the block is freed, whether it has neighbours or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    base: NonNull<u8>,
    len: usize,
}

impl Region {
    /// A region without a granule.
    pub(super) const EMPTY: Self = Self { base: NonNull::dangling(), len: 0 };

    /// The largest region that fits into the chunk.
    pub(super) const fn of(chunk: Chunk) -> Self {
        // SAFETY: a header, which is a granule at least, lies in front of the start.
        let base = unsafe { chunk.start().sub(GRANULE) };
        Self { base, len: GRANULE + payload(chunk.len()) }
    }

    /// The first granule.
    pub(super) const fn start(self) -> NonNull<u8> {
        // SAFETY: the chunk begins one granule behind the base.
        unsafe { self.base.add(GRANULE) }
    }

    /// The end of the granules.
    pub(super) const fn end(self) -> NonNull<u8> {
        // SAFETY: the chunk is longer.
        unsafe { self.base.add(self.len) }
    }

    /// Bytes of all granules.
    pub(super) const fn bytes(self) -> usize {
        self.len.saturating_sub(GRANULE)
    }

    #[inline(always)]
    pub(super) fn contains(self, address: usize) -> bool {
        // An address in front of the base wraps around to a large number. Nobody asks for one in the
        // granule between the base and the start.
        address.wrapping_sub(self.base.addr().get()) < self.len
    }

    /// The byte at this address, by the region's own pointer. What a caller gives back may reach less
    /// than the block: a `Box` makes a reference of it, for one.
    #[inline(always)]
    pub(super) fn own(self, address: NonNull<u8>) -> NonNull<u8> {
        self.base.with_addr(address.addr())
    }

    /// The number of the granule at this address, which lies in the region or is its end.
    #[inline(always)]
    pub(super) fn granule(self, address: NonNull<u8>) -> usize {
        (address.addr().get() - self.base.addr().get()) / GRANULE
    }

    const fn words(self) -> usize {
        (self.len / GRANULE + 1).div_ceil(BITS)
    }

    #[inline(always)]
    const fn word(self, granule: usize) -> NonNull<u64> {
        // SAFETY: the bits begin there.
        let bits = unsafe { self.base.add(self.len) }.cast::<u64>();
        // SAFETY: there are so many.
        unsafe { bits.add(granule / BITS) }
    }

    /// Whether memory is free on one side of the granule's start and not on the other. The granule is
    /// one of the region, or the one behind the last one.
    #[inline(always)]
    pub(super) fn is_border(self, granule: usize) -> bool {
        // SAFETY: the granule's bit lies there.
        let word = unsafe { self.word(granule).read() };
        word >> (granule % BITS) & 1 != 0
    }

    /// Notes that the memory on one side of the granule's start is free if it was not, and in use if it
    /// was free. Answers what [`is_border`](Self::is_border) did before.
    #[inline(always)]
    pub(super) fn toggle(self, granule: usize) -> bool {
        let (at, bit) = (self.word(granule), 1 << (granule % BITS));
        // SAFETY: the granule's bit lies there.
        let word = unsafe { at.read() };
        // SAFETY: as above.
        unsafe { at.write(word ^ bit) };
        word >> (granule % BITS) & 1 != 0
    }

    /// The same for both ends of a stretch of memory that is free, or becomes free: whether it has a
    /// neighbour of the other kind in front of it, and one behind it.
    #[inline(always)]
    pub(super) fn toggle_ends(self, start: NonNull<u8>, bytes: usize) -> (bool, bool) {
        let first = self.granule(start);
        (self.toggle(first), self.toggle(first + bytes / GRANULE))
    }

    /// Clears all bits.
    ///
    /// # Safety
    ///
    /// Nobody uses the region.
    pub(super) unsafe fn clear(self) {
        // SAFETY: the bits are this value's own.
        unsafe { self.word(0).write_bytes(0, self.words()) };
    }

    /// Moves the bits of `shorter`, which was this region until its source extended it, to the end of
    /// this one. The new granules are not marked, and those that the bits had are free to use.
    ///
    /// # Safety
    ///
    /// Both begin at the same address, and nobody uses the bytes behind the granules of `shorter`.
    pub(super) unsafe fn take_bits(self, shorter: Self) {
        let (words, kept) = (self.words(), shorter.words());
        // SAFETY: both lie in the chunk. They may overlap.
        unsafe { self.word(0).copy_from(shorter.word(0), kept) };
        // SAFETY: the words behind those.
        unsafe { self.word(kept * BITS).write_bytes(0, words - kept) };
    }
}

/// How many of a chunk's bytes are granules: as many as there is room for their bits, and for that
/// of the granule in front of them and the one behind them.
const fn payload(len: usize) -> usize {
    // A granule and its bit take 16 bytes and an eighth. So for n granules, and one in front, whose
    // bits are rounded up to whole words, 16 n + (n + 2) / 8 + 8 bytes are enough.
    const PART: usize = 8 * GRANULE + 1;
    let Some(room) = len.checked_sub(WORD + 1) else { return 0 };
    (room / PART * 8 + room % PART * 8 / PART) * GRANULE
}

/// So many bytes of a chunk are enough for `bytes` of granules and their bits, if a number can say
/// that.
pub(super) const fn with_bits(bytes: usize) -> Option<usize> {
    bytes.checked_add(bytes / (8 * GRANULE) + 2 * GRANULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granules_and_bits_fit_and_fill_the_chunk() {
        for len in 0..100_000 {
            let granules = payload(len) / GRANULE;
            let bits = (granules + 2).div_ceil(BITS) * WORD;
            assert!(granules == 0 || granules * GRANULE + bits <= len, "{len}");
            let (more, one) = (granules + 1, WORD + GRANULE);
            assert!(more * GRANULE + (more + 2) / 8 + one > len, "{len}: room for one more");
        }
        assert!(payload(isize::MAX.unsigned_abs()) < isize::MAX.unsigned_abs());
    }

    #[test]
    fn what_is_asked_for_is_enough() {
        for bytes in (0..1 << 20).step_by(GRANULE) {
            assert!(payload(with_bits(bytes).expect("a number")) >= bytes, "{bytes}");
        }
        assert_eq!(with_bits(usize::MAX), None);
    }
}
