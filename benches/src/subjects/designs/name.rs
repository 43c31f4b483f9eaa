//! How a free block is named: by its address, or by its number in the arena.

use core::ptr::NonNull;

use stampool::Block;

/// Where the blocks of a depot lie: side by side, a power of two of bytes apart.
#[derive(Clone, Copy, Debug)]
pub struct Arena {
    pub(super) base: NonNull<u8>,
    /// Binary logarithm of the distance in bytes.
    pub(super) shift: u32,
}

// SAFETY: an address and a number; the bytes behind it belong to whoever has the block.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

/// A name for a free block.
pub trait Name: Copy + Send + 'static {
    /// The name of a block.
    ///
    /// # Safety
    ///
    /// `block` is one of the arena.
    unsafe fn of(block: Block, arena: Arena) -> Self;

    /// The block of this name.
    ///
    /// # Safety
    ///
    /// It was made for this arena.
    unsafe fn block(self, arena: Arena) -> Block;
}

impl Name for Block {
    #[inline(always)]
    unsafe fn of(block: Block, _arena: Arena) -> Self {
        block
    }

    #[inline(always)]
    unsafe fn block(self, _arena: Arena) -> Block {
        self
    }
}

/// The number of a block in its arena: half as wide as its address.
#[derive(Clone, Copy, Debug)]
pub struct Index(u32);

impl Index {
    /// As a place in a table.
    #[cfg(test)]
    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }
}

impl Name for Index {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "a depot makes at most 2^32 blocks")]
    unsafe fn of(block: Block, arena: Arena) -> Self {
        // SAFETY: by the caller both are in the arena, which begins at its base.
        let offset = unsafe { block.0.offset_from_unsigned(arena.base) };
        Self((offset >> arena.shift) as u32)
    }

    #[inline(always)]
    unsafe fn block(self, arena: Arena) -> Block {
        // SAFETY: by the caller the arena has a block of this number.
        Block(unsafe { arena.base.add((self.0 as usize) << arena.shift) })
    }
}

/// Another name for the same block.
pub trait To<N> {
    /// That name.
    ///
    /// # Safety
    ///
    /// This one was made for this arena.
    unsafe fn to(self, arena: Arena) -> N;
}

impl<N: Name> To<N> for N {
    #[inline(always)]
    unsafe fn to(self, _arena: Arena) -> N {
        self
    }
}

impl To<Index> for Block {
    #[inline(always)]
    unsafe fn to(self, arena: Arena) -> Index {
        // SAFETY: by the caller.
        unsafe { Index::of(self, arena) }
    }
}

impl To<Block> for Index {
    #[inline(always)]
    unsafe fn to(self, arena: Arena) -> Block {
        // SAFETY: by the caller.
        unsafe { self.block(arena) }
    }
}
