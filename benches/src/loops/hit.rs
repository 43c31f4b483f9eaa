//! Allocate and free on a handle that has blocks.
//!
//! The loop takes three or four cycles, and where in a cache line it lies decides which: 0.6 or
//! 0.8 ns for the same instructions. So it is compiled four times, each copy a quarter of a line
//! further on, and a turn runs all of them.

use core::arch::asm;
use core::hint::black_box;

use crate::{Handle, Take};

/// Copies of the loop.
pub(crate) const COPIES: u64 = 4;

/// So many pairs in each copy of the loop.
pub(super) fn all_copies(handle: &mut impl Handle, each: u64) {
    // Opaque, so that every subject keeps its state in memory, as a handle in a program does.
    let handle = black_box(handle);
    pairs::<0>(handle, each);
    pairs::<16>(handle, each);
    pairs::<32>(handle, each);
    pairs::<48>(handle, each);
}

#[inline(never)]
fn pairs<const SHIFT: usize>(handle: &mut impl Handle, operations: u64) {
    // SAFETY: does nothing; it moves what follows by so many bytes on x86.
    unsafe {
        asm!(".rept {shift}", "nop", ".endr", shift = const SHIFT, options(nomem, nostack, preserves_flags));
    }
    for _ in 0..operations {
        let block = black_box(handle.take());
        // SAFETY: just allocated.
        unsafe { handle.deallocate(block) };
    }
}
