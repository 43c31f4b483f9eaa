//! The one place for numeric conversions that a reader should not have to check twice.

/// Spreads an address over all bits of a word; take the low ones as an index.
pub(crate) fn mix(address: usize) -> usize {
    // Fibonacci hashing, high half folded down: the low bits of a block address are zero.
    let product = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    low_word(product ^ (product >> 32))
}

/// A uniform number below `limit`, from 32 random bits (Lemire's multiplication).
///
/// The bias is below `limit / 2^32`, which no scenario can notice.
pub(crate) fn scale(random: u32, limit: usize) -> usize {
    low_word((u64::from(random) * limit as u64) >> 32)
}

/// `value`, where it is known to fit or where the low bits are what is wanted.
#[expect(clippy::cast_possible_truncation, reason = "said in the name")]
fn low_word(value: u64) -> usize {
    value as usize
}

/// An index that a 32-bit field of a trace names.
pub(crate) fn index(value: u32) -> usize {
    const { assert!(usize::BITS >= 32, "the harness needs at least 32-bit addresses") };
    low_word(u64::from(value))
}
