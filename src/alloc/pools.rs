//! The pools as allocators of the family.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::inherent;
use super::one_layout::OneLayout;
use super::provenance::{expose, recover};
use crate::block::Block;
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::pool::{ExactPool, Local, Pool, ThreadLocalPool};

/// What takes blocks from a pool and gives them back: a handle, or a pool without handles.
///
/// The trait is sealed, because only the pools make a [`PoolAllocator`].
///
/// # Safety
///
/// A block is one of the pool's blocks, is handed out once until it is given back, and stays valid
/// while the value is moved.
pub unsafe trait BlockPool: sealed::Sealed {
    /// Takes a block.
    ///
    /// # Errors
    ///
    /// As the pool.
    fn take(&self) -> Result<Block, AllocError>;

    /// Gives a block back.
    ///
    /// # Safety
    ///
    /// It is live and came from the same pool.
    unsafe fn give(&self, block: Block);
}

mod sealed {
    /// Other crates cannot implement it.
    pub trait Sealed {}
}

macro_rules! block_pools {
    ($([$($generics:tt)*] $pool:ty;)*) => {$(
        impl<$($generics)*> sealed::Sealed for $pool {}

        // SAFETY: the contract of the pool.
        unsafe impl<$($generics)*> BlockPool for $pool {
            #[inline(always)]
            #[track_caller]
            fn take(&self) -> Result<Block, AllocError> {
                self.allocate()
            }

            #[inline(always)]
            #[track_caller]
            unsafe fn give(&self, block: Block) {
                // SAFETY: by the caller.
                unsafe { self.deallocate(block) }
            }
        }
    )*};
}
block_pools! {
    ['p, S: Strategy, C: Checking] Local<'p, S, C>;
    ['p, S: Strategy, C: Checking] &'p ThreadLocalPool<S, C>;
    ['p, S: Strategy] &'p ExactPool<S>;
}

/// A pool as an allocator of the family: it serves layouts that fit into a block, and gives a whole
/// block for each. A block may be freed through any allocator of the same pool.
///
/// ```text
///  a container --allocate(layout)--> PoolAllocator --a block--> the handle of the pool
///                a layout that fits into a block
/// ```
///
/// # When to take it
///
/// Take it for a container that asks an allocator, and whose nodes have one layout. Leave it for code of
/// your own, which calls the handle. A vector, which asks for ever larger blocks, soon asks for more than
/// a block.
///
/// The allocator of a [`Pool`] holds a handle, so it stays on its thread, and so does a `Box` on
/// it. For a `Box` that another thread drops, take [`ThreadLocalPool::as_allocator`] or
/// [`ExactPool::as_allocator`]. Their allocators borrow the pool and can be copied, so a container
/// takes one by value; on a pool in a `static` such a container lives as long as it likes. A
/// container on the allocator of a `Pool` takes it by reference (see [`adapt`](crate::adapt)).
///
/// # Invariants
///
/// - Each block that is live here is one block of the pool, whatever part of it was asked for.
/// - A call that fails takes no block.
///
/// # Complexity
///
/// As the pool; the layout is compared with that of the blocks.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
///
/// let pool = Pool::builder(Layout::new::<[u64; 8]>()).build()?;
/// let allocator = pool.as_allocator().expect("memory");
/// let layout = Layout::new::<[u16; 3]>();
/// let block = allocator.allocate(layout).expect("memory");
/// assert_eq!(block.len(), 64);
/// // SAFETY: the block is live, and the layout fits it.
/// unsafe { allocator.deallocate(block.cast(), layout) };
/// # Ok::<(), stampool::BuildError>(())
/// ```
// A1, A2: the pool's contract; its blocks lie in its regions. A3: a failed call takes no block. A4:
// every block has the same extent. A5: `empty`. A6: only the
// source and the topology unwind, and a checked pool at a call that breaks the contract.
#[derive(Clone, Copy)]
pub struct PoolAllocator<P> {
    pool: P,
    block: OneLayout,
}

impl<S: Strategy, C: Checking> Pool<S, C> {
    /// A handle of this pool, as an allocator of the family. It stays on this thread; for blocks
    /// that other threads free, take [`ThreadLocalPool::as_allocator`].
    ///
    /// # Errors
    ///
    /// As [`local`](Self::local).
    pub fn as_allocator(&self) -> Result<PoolAllocator<Local<'_, S, C>>, AllocError> {
        Ok(PoolAllocator::new(self.local()?, self.block_layout()))
    }
}

impl<S: Strategy, C: Checking> ThreadLocalPool<S, C> {
    /// This pool as an allocator of the family, which any thread may use. Takes no lock.
    pub fn as_allocator(&self) -> PoolAllocator<&Self> {
        PoolAllocator::new(self, self.pool().block_layout())
    }
}

impl<S: Strategy> ExactPool<S> {
    /// This pool as an allocator of the family, which any thread may use. Takes no lock.
    pub fn as_allocator(&self) -> PoolAllocator<&Self> {
        PoolAllocator::new(self, self.pool().block_layout())
    }
}

impl<P: BlockPool> PoolAllocator<P> {
    fn new(pool: P, block: Layout) -> Self {
        Self { pool, block: OneLayout(block) }
    }

    /// The layout of each block.
    pub const fn layout(&self) -> Layout {
        self.block.0
    }

    /// Returns a block, whole, if `layout` fits into one.
    ///
    /// # Errors
    ///
    /// [`AllocError::Unsupported`] if it does not fit; otherwise as the pool.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.block.allocate(layout, || Ok(expose(self.pool.take()?.as_non_null())))
    }
}

inherent::member! {
    [P: BlockPool] PoolAllocator<P>, blocks of "this pool":;

    /// Frees a block.
    unsafe deallocate(self, block, layout) = if layout.size() != 0 {
        self.pool.give(Block(recover(block)))
    };

    /// Returns the block as it is, if `new` fits into it.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it does not.
    unsafe grow_in_place(self, block, old, new) = self.block.grow_in_place(block, old, new);

    /// Returns the block as it is, unless `new` has no bytes.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if `new` has no bytes, so that the block can be freed, or is
    /// aligned as no block is.
    unsafe shrink_in_place(self, block, old, new) = self.block.shrink_in_place(block, old, new);
}

impl<P> fmt::Debug for PoolAllocator<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolAllocator").field("layout", &self.block.0).finish_non_exhaustive()
    }
}
