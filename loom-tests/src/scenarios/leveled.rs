//! The level `checked` with a chunk of one block.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::raw::block::{Block, BlockLayout, MAX_ALIGN};
use stampool::raw::chunk::{Level, Regions, Tracked};

/// A level that does not know its one chunk yet.
pub(super) struct Leveled {
    /// The memory; dropped after the level.
    pub(super) regions: Regions,
    pub(super) level: &'static Tracked<false>,
    /// Where the chunk begins.
    pub(super) room: NonNull<u8>,
    /// Its block.
    pub(super) block: Block,
}

impl Leveled {
    /// # Panics
    /// Without memory.
    pub(super) fn new() -> Self {
        let mut regions = Regions::new(Box::new(SystemSource));
        let blocks = BlockLayout::new(Layout::new::<u64>(), MAX_ALIGN).expect("a layout");
        let beside = Tracked::<false>::room(1).expect("a layout");
        let (layout, at) = beside.extend(blocks.run(1).expect("a layout")).expect("a layout");
        let room = regions.obtain(layout).expect("memory");
        // SAFETY: where the block begins in the layout.
        let block = Block(unsafe { room.add(at) });
        let level: &'static Tracked<false> = Box::leak(Box::new(Tracked::new(blocks, false)));
        Self { regions, level, room, block }
    }

    /// Drops the level, and then the memory.
    ///
    /// # Safety
    /// Nobody is left who refers to the level.
    pub(super) unsafe fn end(self) {
        // SAFETY: leaked in `new`; by the caller.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(self.level).cast_mut()) });
        drop(self.regions);
    }
}
