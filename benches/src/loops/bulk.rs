//! One call that allocates some blocks, one call that frees them.

use core::hint::black_box;
use core::mem::MaybeUninit;

use stampool::Block;

use crate::Handle;

#[inline(never)]
pub(super) fn run(handle: &mut impl Handle, room: &mut [MaybeUninit<Block>], calls: u64) {
    for _ in 0..calls {
        assert!(handle.allocate_many(room), "no memory for a call");
        let room = black_box(&*room);
        // SAFETY: all of them were written; a `MaybeUninit` has the layout of its content.
        let blocks = unsafe { &*(core::ptr::from_ref(room) as *const [Block]) };
        // SAFETY: allocated just now, each once.
        unsafe { handle.deallocate_many(blocks) };
    }
}
