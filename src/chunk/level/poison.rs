//! Filling blocks, and looking whether they still are as they were filled.
//!
//! In pieces of a size that compilers turn into a few wide stores and loads, without a call.

use core::ptr::NonNull;

/// What freed bytes are filled with, unless with zeros.
pub(super) const PATTERN: u8 = 0xDE;

/// A piece: two vectors of 128 bits.
type Piece = [u64; 4];

/// What a block is filled with: one byte over and over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poison(u64);

impl Poison {
    /// Zeros, or [`PATTERN`].
    pub(super) const fn new(zero: bool) -> Self {
        Self(u64::from_ne_bytes([if zero { 0 } else { PATTERN }; 8]))
    }

    /// The byte.
    pub(super) const fn byte(self) -> u8 {
        self.0.to_ne_bytes()[0]
    }

    /// Fills `len` bytes.
    ///
    /// # Safety
    ///
    /// They are the caller's to write.
    #[inline(always)]
    pub(super) unsafe fn fill(self, bytes: NonNull<u8>, len: usize) {
        let mut at = 0;
        while len - at >= size_of::<Piece>() {
            // SAFETY: a piece from here on is within the bytes.
            let piece = unsafe { bytes.add(at) }.cast::<Piece>();
            // SAFETY: as above, and by the caller.
            unsafe { piece.write_unaligned([self.0; 4]) };
            at += size_of::<Piece>();
        }
        if at < len {
            // SAFETY: within the bytes.
            let rest = unsafe { bytes.add(at) };
            // SAFETY: what is left of the bytes.
            unsafe { self.fill_rest(rest, len - at) };
        }
    }

    /// # Safety
    ///
    /// As [`fill`](Self::fill).
    #[inline(never)]
    unsafe fn fill_rest(self, bytes: NonNull<u8>, len: usize) {
        // SAFETY: by the caller.
        unsafe { bytes.write_bytes(self.byte(), len) };
    }

    /// Whether `len` bytes are as [`fill`](Self::fill) left them.
    ///
    /// # Safety
    ///
    /// They were filled before, and are the caller's to read.
    #[inline(always)]
    pub(super) unsafe fn is_whole(self, bytes: NonNull<u8>, len: usize) -> bool {
        let (mut at, mut wrong) = (0, 0);
        while len - at >= size_of::<Piece>() {
            // SAFETY: a piece from here on is within the bytes.
            let piece = unsafe { bytes.add(at) }.cast::<Piece>();
            // SAFETY: as above, and by the caller.
            let [a, b, c, d] = unsafe { piece.read_unaligned() };
            wrong |= (a ^ self.0) | (b ^ self.0) | (c ^ self.0) | (d ^ self.0);
            at += size_of::<Piece>();
        }
        // SAFETY: within the bytes, or their end.
        let rest = unsafe { bytes.add(at) };
        // SAFETY: what is left of the bytes.
        wrong == 0 && (at == len || unsafe { self.first_wrong(rest, len - at) }.is_none())
    }

    /// The first byte that is not as it was filled, and what it is.
    ///
    /// # Safety
    ///
    /// As [`is_whole`](Self::is_whole).
    #[inline(never)]
    pub(super) unsafe fn first_wrong(self, bytes: NonNull<u8>, len: usize) -> Option<(usize, u8)> {
        // SAFETY: by the caller.
        let bytes = unsafe { core::slice::from_raw_parts(bytes.as_ptr(), len) };
        let at = bytes.iter().position(|&byte| byte != self.byte())?;
        Some((at, bytes[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_every_length_counts() {
        for poison in [Poison::new(false), Poison::new(true)] {
            for len in (1..200).chain([4095, 4096]) {
                let mut bytes = vec![0x55_u8; len + 2];
                let inside = NonNull::from(&mut bytes[1]);
                // SAFETY: `len` bytes of the vector, one from its start.
                let inside = unsafe { NonNull::new_unchecked(bytes.as_mut_ptr().add(1)) }
                    .with_addr(inside.addr());
                // SAFETY: as above.
                unsafe { poison.fill(inside, len) };
                assert_eq!((bytes[0], bytes[len + 1]), (0x55, 0x55), "nothing beside it");
                // SAFETY: as above; filled.
                assert!(unsafe { poison.is_whole(inside, len) });
                for at in 0..len {
                    bytes[1 + at] ^= 1;
                    let inside = NonNull::from(&mut bytes[..]).cast::<u8>();
                    // SAFETY: one from the vector's start.
                    let inside = unsafe { inside.add(1) };
                    // SAFETY: as above.
                    assert!(!unsafe { poison.is_whole(inside, len) }, "byte {at} of {len}");
                    let wrong = Some((at, poison.byte() ^ 1));
                    // SAFETY: as above.
                    assert_eq!(unsafe { poison.first_wrong(inside, len) }, wrong);
                    bytes[1 + at] ^= 1;
                }
            }
        }
    }
}
