//! Bytes in use: one word of each line of a block is written by who allocates it, and read by who
//! frees it.
//!
//! The accesses are atomic, and cost what plain ones do: the floor hands out a block again while
//! somebody may still look at it.

use core::sync::atomic::{AtomicU64, Ordering};

use stampool::Block;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Writes a word into each line of a block of so many bytes; 0 leaves it alone.
#[inline]
pub(crate) fn write(block: Block, touched_bytes: usize) {
    let mut offset = 0;
    while offset < touched_bytes {
        // Relaxed: whoever gets the block gets its bytes with it.
        word(block, offset).store(offset as u64, Ordering::Relaxed);
        offset += LINE;
    }
}

/// Reads them again.
#[inline]
pub(crate) fn read(block: Block, touched_bytes: usize) {
    let mut offset = 0;
    while offset < touched_bytes {
        // Relaxed: the block's way from its writer has ordered it.
        let word = word(block, offset).load(Ordering::Relaxed);
        debug_assert_eq!(word, offset as u64, "a block arrives with what was written");
        core::hint::black_box(word);
        offset += LINE;
    }
}

/// The word at `offset`.
#[inline]
fn word<'b>(block: Block, offset: usize) -> &'b AtomicU64 {
    // SAFETY: within the block, by the callers, who go no further than its size.
    let word = unsafe { block.0.add(offset) }.cast::<u64>();
    // SAFETY: a block is aligned for words and has at least one per line; nobody accesses it but
    // atomically while it is in use.
    unsafe { AtomicU64::from_ptr(word.as_ptr()) }
}
