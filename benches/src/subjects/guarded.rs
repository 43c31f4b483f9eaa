//! Peers whose objects come with a guard that cannot be taken apart and put together again. A block
//! has room for its guard in front of it: the handle leaves it there, and finds it again.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use lockfree_object_pool::{LinearObjectPool, LinearReusable};
use opool::{PoolAllocator, RefGuard};
use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never};

/// Bytes in front of a block. Guards are smaller, and no block is aligned to more.
const FRONT: usize = 32;

/// A block with room for a guard, from the program's allocator; the address is that behind the
/// room.
#[derive(Debug)]
struct Guarded {
    block: Block,
    layout: Layout,
}

// SAFETY: through a shared one the address can be read, no more.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn whole(layout: Layout) -> Layout {
        Layout::from_size_align(FRONT + layout.size(), layout.align()).expect("a little more")
    }

    fn new(layout: Layout) -> Self {
        let front = new_block(Self::whole(layout));
        // SAFETY: the allocation is longer than that.
        Self { block: Block(unsafe { front.0.add(FRONT) }), layout }
    }

    /// Where a guard of type `G` is kept.
    #[inline]
    fn place<G>(block: Block) -> NonNull<G> {
        const { assert!(size_of::<G>() <= FRONT && align_of::<G>() <= 8) };
        // SAFETY: the room in front belongs to the same allocation.
        unsafe { block.0.sub(FRONT) }.cast()
    }

    /// Leaves the guard of `block` in front of it.
    #[inline]
    fn leave<G>(block: Block, guard: G) -> Block {
        // SAFETY: there is room, and nobody else has the block.
        unsafe { Self::place(block).write(guard) };
        block
    }

    /// Takes it again.
    ///
    /// # Safety
    ///
    /// A guard of this type was left there, and has not been taken.
    #[inline]
    unsafe fn take<G>(block: Block) -> G {
        // SAFETY: by the caller.
        unsafe { Self::place(block).read() }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: as `new` came by it.
        let front = unsafe { self.block.0.sub(FRONT) };
        // SAFETY: from `new`, with this layout, and owned.
        unsafe { free_block(Block(front), Self::whole(self.layout)) };
    }
}

/// The crate lockfree-object-pool's pool of linked pages, whose objects are blocks.
pub struct LinearPool {
    pool: LinearObjectPool<Guarded>,
    made: Arc<AtomicUsize>,
}

impl LinearPool {
    /// For blocks of this layout.
    pub fn new(layout: Layout) -> Self {
        let made = Arc::new(AtomicUsize::new(0));
        let making = Arc::clone(&made);
        let make = move || {
            // Relaxed: statistic only.
            making.fetch_add(1, Ordering::Relaxed);
            Guarded::new(layout)
        };
        Self { pool: LinearObjectPool::new(make, |_| ()), made }
    }
}

super::shared_subject!([] LinearPool);

impl Measured for LinearPool {
    fn blocks(&self) -> Option<usize> {
        Some(self.made.load(Ordering::Relaxed))
    }
}

impl Handle for &LinearPool {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        let guard = self.pool.pull();
        Ok(Guarded::leave(guard.block, guard))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller, from `allocate`, of this pool, which outlives its handles.
        drop(unsafe { Guarded::take::<LinearReusable<'_, Guarded>>(block) });
    }
}

/// Makes blocks for [`OPool`].
#[derive(Clone, Copy, Debug)]
struct Maker(Layout);

impl PoolAllocator<Guarded> for Maker {
    fn allocate(&self) -> Guarded {
        Guarded::new(self.0)
    }
}

/// The crate opool's pool, whose objects are blocks: it keeps them in an `ArrayQueue`, and returns
/// what has no room there to the program's allocator.
pub struct OPool(opool::Pool<Maker, Guarded>);

impl OPool {
    /// For blocks of this layout, with room for so many.
    pub fn new(blocks: usize, layout: Layout) -> Self {
        Self(opool::Pool::new(blocks, Maker(layout)))
    }
}

super::shared_subject!([] OPool);

impl Measured for OPool {}

impl Handle for &OPool {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        let guard = self.0.get();
        Ok(Guarded::leave(guard.block, guard))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller, from `allocate`, of this pool, which outlives its handles.
        drop(unsafe { Guarded::take::<RefGuard<'_, Maker, Guarded>>(block) });
    }
}
