//! Blocks, the arithmetic of their layout, and what sanitizers are told about them.

mod batch;
mod block_layout;
pub(crate) mod sanitizers;

pub use batch::Batch;
pub use block_layout::{BlockLayout, LINE, MAX_ALIGN};

use core::ptr::NonNull;

/// One block of a pool: a pointer to its first byte, which may travel between threads.
///
/// An allocation returns a `Block`, and a free takes it back. In between, the caller owns the bytes
/// behind the pointer, and the pool does not touch them. Copying a `Block` copies the pointer: the
/// caller sees to it that one of the copies, and only one, is freed.
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
///
/// let pool = Pool::builder(Layout::new::<u64>()).build()?;
/// let local = pool.local().expect("memory");
/// let block = local.allocate().expect("memory");
/// // SAFETY: the block has room for a `u64`, and no other thread uses it.
/// unsafe { block.cast::<u64>().write(7) };
/// // SAFETY: allocated from this pool, and not used afterwards.
/// unsafe { local.deallocate(block) };
/// # Ok::<(), stampool::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Block(pub NonNull<u8>);

impl Block {
    /// A pointer to the first byte, for the methods of raw pointers.
    #[inline(always)]
    pub const fn as_ptr(self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// A pointer to the first byte, which is not null.
    #[inline(always)]
    pub const fn as_non_null(self) -> NonNull<u8> {
        self.0
    }

    /// A pointer to the block as a value of type `T`. The block has the size and the alignment of
    /// the pool's layout.
    #[inline(always)]
    pub const fn cast<T>(self) -> NonNull<T> {
        self.0.cast()
    }
}

/// Safe, for callers that keep blocks as raw pointers, such as an allocator that gets one back in
/// `dealloc`: a block is no more than an address. What the address must be is the contract of
/// `deallocate`, which is unsafe.
impl From<NonNull<u8>> for Block {
    #[inline(always)]
    fn from(pointer: NonNull<u8>) -> Self {
        Self(pointer)
    }
}

impl From<Block> for NonNull<u8> {
    #[inline(always)]
    fn from(block: Block) -> Self {
        block.0
    }
}

// SAFETY: a `Block` is a bare address. No safe operation reads or writes through it, so the unsafe
// code that does must order its accesses itself.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

/// Room for one block.
pub type MaybeBlock = core::mem::MaybeUninit<Block>;
