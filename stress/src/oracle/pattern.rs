//! The pattern that fills a block while it is allocated.
//!
//! Word `i` is a seed from the stamp plus `i` odd steps: a changed byte always shows, and
//! so does a block that another allocation filled, or one that is shifted.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::stamp::Stamp;

/// How much of a block carries the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The first and last 64 bytes; all of it where that is not more.
    Ends,
}

/// Bytes at each end that `Extent::Ends` covers.
const END: usize = 64;
/// Odd, so no two words of a block are alike; not the multiplier of the seed.
const STEP: u64 = 0xD134_2543_DE82_EF95;

/// Writes the pattern of `stamp` into the block.
///
/// # Safety
/// `block` must be valid for writes of `size` bytes, and nobody else may access them.
pub unsafe fn fill(block: NonNull<u8>, size: usize, extent: Extent, stamp: Stamp) {
    for (start, len) in parts(size, extent) {
        // SAFETY: `parts` stays within `size`, which the caller vouches for.
        let part = unsafe { block.add(start) };
        // SAFETY: as above; uninitialised bytes are allowed by `MaybeUninit`.
        let bytes =
            unsafe { NonNull::slice_from_raw_parts(part.cast::<MaybeUninit<u8>>(), len).as_mut() };
        fill_bytes(bytes, seed(stamp, start));
    }
}

/// Finds the first byte that no longer carries the pattern of `stamp`.
///
/// # Safety
/// `block` must have been filled with the same size and extent, must be valid for reads of
/// `size` bytes, and nobody may write to them.
pub unsafe fn first_difference(
    block: NonNull<u8>,
    size: usize,
    extent: Extent,
    stamp: Stamp,
) -> Option<usize> {
    parts(size, extent).find_map(|(start, len)| {
        // SAFETY: `parts` stays within `size`, which the caller vouches for.
        let part = unsafe { block.add(start) };
        // SAFETY: as above, and `fill` initialised exactly these bytes.
        let bytes = unsafe { NonNull::slice_from_raw_parts(part, len).as_ref() };
        differs_at(bytes, seed(stamp, start)).map(|offset| start + offset)
    })
}

/// The parts of a block that carry the pattern: (start, length).
fn parts(size: usize, extent: Extent) -> impl Iterator<Item = (usize, usize)> {
    let (head, tail) = match extent {
        Extent::Ends if size > 2 * END => ((0, END), Some((size - END, END))),
        _ => ((0, size), None),
    };
    core::iter::once(head).chain(tail)
}

/// First word of the part that begins at `start`.
fn seed(stamp: Stamp, start: usize) -> u64 {
    let spread = stamp.word().get().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread ^ (spread >> 29)).wrapping_add(start as u64)
}

/// Fills `bytes` with words counting from `word`.
fn fill_bytes(bytes: &mut [MaybeUninit<u8>], mut word: u64) {
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for place in words {
        *place = word.to_ne_bytes().map(MaybeUninit::new);
        word = word.wrapping_add(STEP);
    }
    for (place, byte) in rest.iter_mut().zip(word.to_ne_bytes()) {
        place.write(byte);
    }
}

/// First byte that is not as `fill_bytes` left it.
fn differs_at(bytes: &[u8], first: u64) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut word = first;
    let mut same = true;
    // No early exit: the good case is the only one that has to be fast.
    for place in words {
        same &= u64::from_ne_bytes(*place) == word;
        word = word.wrapping_add(STEP);
    }
    if same && *rest == word.to_ne_bytes()[..rest.len()] {
        return None;
    }
    let mut expected = vec![MaybeUninit::uninit(); bytes.len()];
    fill_bytes(&mut expected, first);
    bytes.iter().zip(&expected).position(|(found, wanted)| {
        // SAFETY: `fill_bytes` writes every byte of its slice.
        *found != unsafe { wanted.assume_init() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 11] = [0, 1, 7, 8, 9, 63, 64, 100, 128, 129, 4096];

    /// Fills a buffer of `size`, lets `spoil` at it, and looks for a difference.
    fn found_after(size: usize, extent: Extent, spoil: impl FnOnce(&mut [u8])) -> Option<usize> {
        let mut bytes = vec![0u8; size];
        let block = NonNull::from(&mut bytes[..]).cast::<u8>();
        let stamp = Stamp::new(3, 99);
        // SAFETY: the vector is ours and `size` long.
        unsafe { fill(block, size, extent, stamp) };
        spoil(&mut bytes);
        let block = NonNull::from(&mut bytes[..]).cast::<u8>();
        // SAFETY: as above, and filled just now.
        unsafe { first_difference(block, size, extent, stamp) }
    }

    #[test]
    fn an_untouched_block_is_as_it_was_filled() {
        for size in SIZES {
            assert_eq!(found_after(size, Extent::Whole, |_| ()), None);
            assert_eq!(found_after(size, Extent::Ends, |_| ()), None);
        }
    }

    #[test]
    fn each_changed_byte_is_found_at_its_place() {
        for size in SIZES.into_iter().filter(|size| *size <= 129) {
            for at in 0..size {
                assert_eq!(found_after(size, Extent::Whole, |bytes| bytes[at] ^= 1), Some(at));
            }
        }
    }

    #[test]
    fn ends_covers_head_and_tail_and_not_the_middle() {
        assert_eq!(found_after(4096, Extent::Ends, |bytes| bytes[63] ^= 1), Some(63));
        assert_eq!(found_after(4096, Extent::Ends, |bytes| bytes[4095] ^= 1), Some(4095));
        assert_eq!(found_after(4096, Extent::Ends, |bytes| bytes[2000] ^= 1), None);
    }

    #[test]
    fn another_owners_pattern_is_a_difference_in_the_first_word() {
        let mut bytes = [0u8; 64];
        let block = NonNull::from(&mut bytes[..]).cast::<u8>();
        // SAFETY: the array is ours and 64 bytes long.
        unsafe { fill(block, 64, Extent::Whole, Stamp::new(1, 5)) };
        // SAFETY: as above, and filled just now.
        let found = unsafe { first_difference(block, 64, Extent::Whole, Stamp::new(2, 5)) };
        assert!(found.is_some_and(|offset| offset < 8));
    }
}
