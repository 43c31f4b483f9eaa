//! A live block, and the bytes that its owner has written there.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::Violation;

/// A live block. Its bytes follow from the stamp, so that its owner can tell whether somebody else
/// has written them.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    pub(crate) layout: Layout,
    stamp: u64,
}

// SAFETY: a block has one owner at a time, and no thread affinity.
unsafe impl Send for Block {}

impl Block {
    /// Takes over a block that was just returned for `layout`, and writes all its bytes.
    ///
    /// # Errors
    /// Where it is misaligned.
    pub(crate) fn new(start: NonNull<u8>, layout: Layout, stamp: u64) -> Result<Self, Violation> {
        let (block, align) = (start.addr().get(), layout.align());
        if !block.is_multiple_of(align) {
            return Err(Violation::Misaligned { block, align });
        }
        let place = start.cast::<MaybeUninit<u8>>().as_ptr();
        // SAFETY: the block is this thread's, and has so many bytes.
        let bytes = unsafe { core::slice::from_raw_parts_mut(place, layout.size()) };
        for (at, place) in bytes.iter_mut().enumerate() {
            place.write(byte(stamp, at));
        }
        Ok(Self { start, layout, stamp })
    }

    /// Whether the first `len` bytes, now at `start`, are as they were written.
    ///
    /// # Errors
    /// Where one is not.
    pub(crate) fn check(&self, start: NonNull<u8>, len: usize) -> Result<(), Violation> {
        // SAFETY: the block is this thread's, and these bytes were written.
        let bytes = unsafe { core::slice::from_raw_parts(start.as_ptr(), len) };
        let changed = |(at, found): (usize, &u8)| *found != byte(self.stamp, at);
        match bytes.iter().enumerate().position(changed) {
            Some(at) => Err(Violation::ByteChanged { block: start.addr().get(), at }),
            None => Ok(()),
        }
    }

    /// As [`check`](Self::check), for all bytes where they are.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn check_all(&self) -> Result<(), Violation> {
        self.check(self.start, self.layout.size())
    }
}

/// The byte of a block at an offset.
fn byte(stamp: u64, at: usize) -> u8 {
    let [low, high, ..] = stamp.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23).to_le_bytes();
    low.wrapping_add(high.wrapping_mul(at.to_le_bytes()[0])).wrapping_add(at.to_le_bytes()[1])
}
