//! The checks of a checked pool, with a chunk of one block.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::raw::block::{Block, BlockLayout, MAX_ALIGN};
use stampool::raw::checking::{Checked, Checks};
use stampool::raw::chunk::Regions;
use stampool::raw::sync::PoolId;

/// The checks, to which the one chunk has still to be added.
pub(super) struct OneChunk {
    /// The memory; dropped after the checks.
    pub(super) regions: Regions<SystemSource>,
    pub(super) checking: &'static Checked,
    /// Where the chunk begins.
    pub(super) room: NonNull<u8>,
    /// Its block.
    pub(super) block: Block,
}

impl OneChunk {
    /// # Panics
    /// Without memory.
    pub(super) fn new() -> Self {
        let mut regions = Regions::new(SystemSource);
        let blocks = BlockLayout::new(Layout::new::<u64>(), MAX_ALIGN).expect("a layout");
        let beside = Checked::room(1).expect("a layout");
        let (layout, at) = beside.extend(blocks.run(1).expect("a layout")).expect("a layout");
        let room = regions.obtain(layout).expect("memory");
        // SAFETY: where the block begins in the layout.
        let block = Block::from(unsafe { room.add(at) });
        let checking = Checked::new(PoolId::next(), blocks, false);
        let checking: &'static Checked = Box::leak(Box::new(checking));
        Self { regions, checking, room, block }
    }

    /// Drops the checks, and then the memory.
    ///
    /// # Safety
    /// No reference to the checks is used afterwards.
    pub(super) unsafe fn end(self) {
        // SAFETY: leaked in `new`; by the caller.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(self.checking).cast_mut()) });
        drop(self.regions);
    }
}
