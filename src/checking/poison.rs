//! Filling freed blocks with a pattern, and checking that the pattern is still there.
//!
//! Blocks of one cache line are filled and compared inline, by a few wide stores and loads. Other
//! blocks take a call.

use core::ptr::NonNull;

/// The byte with which a hardened pool fills freed blocks, unless it fills them with zeros.
pub(super) const PATTERN: u8 = 0xDE;

/// A cache line.
type Line = [u64; 8];
/// Its length in bytes.
pub(super) const LINE: usize = size_of::<Line>();

/// What fills a freed block: a word of eight equal bytes.
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

    /// Fills a line.
    ///
    /// # Safety
    ///
    /// The caller may write the line.
    #[inline(always)]
    pub(super) unsafe fn fill_line(self, bytes: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { bytes.cast::<Line>().write_unaligned([self.0; 8]) };
    }

    /// Fills `len` bytes.
    ///
    /// # Safety
    ///
    /// The caller may write the bytes.
    pub(super) unsafe fn fill(self, bytes: NonNull<u8>, len: usize) {
        // SAFETY: by the caller.
        unsafe { bytes.write_bytes(self.byte(), len) };
    }

    /// Whether the line still has the fill.
    ///
    /// # Safety
    ///
    /// The line was filled before, and the caller may read it.
    #[inline(always)]
    pub(super) unsafe fn is_whole_line(self, bytes: NonNull<u8>) -> bool {
        // SAFETY: by the caller.
        let line = unsafe { bytes.cast::<Line>().read_unaligned() };
        line.iter().fold(0, |wrong, word| wrong | (word ^ self.0)) == 0
    }

    /// The offset and the value of the first byte that differs from the fill.
    ///
    /// # Safety
    ///
    /// The bytes were filled before, and the caller may read them.
    pub(super) unsafe fn first_wrong(self, bytes: NonNull<u8>, len: usize) -> Option<(usize, u8)> {
        // SAFETY: by the caller.
        let bytes = unsafe { core::slice::from_raw_parts(bytes.as_ptr(), len) };
        let (lines, rest) = bytes.as_chunks::<LINE>();
        let wrong = |line: &[u8; LINE]| line.iter().fold(0, |w, byte| w | (byte ^ self.byte())) > 0;
        let from = lines.iter().position(wrong).unwrap_or(lines.len()) * LINE;
        debug_assert!(from + rest.len() <= len, "whole lines, and what is left");
        let at = from + bytes[from..].iter().position(|&byte| byte != self.byte())?;
        Some((at, bytes[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_every_length_counts() {
        for poison in [Poison::new(false), Poison::new(true)] {
            let lengths = 1..if cfg!(miri) { 70 } else { 200 };
            let long = [4095, 4096].into_iter().filter(|_| !cfg!(miri));
            for len in lengths.step_by(if cfg!(miri) { 9 } else { 1 }).chain(long) {
                let mut bytes = vec![0x55_u8; len + 2];
                // SAFETY: `len` bytes of the vector follow, and one more.
                let inside = unsafe { NonNull::from(&mut bytes[..]).cast::<u8>().add(1) };
                // SAFETY: as above.
                unsafe { poison.fill(inside, len) };
                // SAFETY: as above; filled.
                assert_eq!(unsafe { poison.first_wrong(inside, len) }, None);
                // SAFETY: as above.
                assert!(len != LINE || unsafe { poison.is_whole_line(inside) });
                for at in 0..len {
                    // SAFETY: within the vector.
                    let byte = unsafe { inside.add(at) };
                    // SAFETY: as above.
                    unsafe { byte.write(poison.byte() ^ 1) };
                    // SAFETY: as above.
                    assert!(len != LINE || !unsafe { poison.is_whole_line(inside) });
                    let wrong = Some((at, poison.byte() ^ 1));
                    // SAFETY: as above.
                    assert_eq!(unsafe { poison.first_wrong(inside, len) }, wrong);
                    // SAFETY: within the vector.
                    unsafe { byte.write(poison.byte()) };
                }
                assert_eq!((bytes[0], bytes[len + 1]), (0x55, 0x55), "nothing beside it");
            }
        }
    }
}
