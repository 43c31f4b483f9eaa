//! The one region of a member that never grows: blocks from its first byte on, the member's records
//! behind them.

use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

use crate::error::BuildError;
use crate::source::{Source, obtain_aligned};

/// The least size of a block in bytes: the records behind the blocks are words of 64 bits.
const LEAST_BLOCK_BYTES: usize = size_of::<u64>();

/// How large the blocks are, and how many words of records so many blocks need.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// The size of a block that was asked for.
    asked: usize,
    /// The logarithm of the size of a block.
    pub(super) shift: u32,
    /// The words of records for a number of blocks. More blocks need no fewer words.
    pub(super) words: fn(usize) -> usize,
    /// The most blocks that the records can describe.
    pub(super) most: usize,
}

impl Shape {
    /// Blocks of at least `size` bytes: the next power of two.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroSize`]; [`BuildError::BlockTooLarge`] if there is no such power.
    pub(super) fn new(
        size: usize,
        most: usize,
        words: fn(usize) -> usize,
    ) -> Result<Self, BuildError> {
        if size == 0 {
            return Err(BuildError::ZeroSize);
        }
        let block = size.max(LEAST_BLOCK_BYTES).checked_next_power_of_two();
        let block = block.ok_or(BuildError::BlockTooLarge { size })?;
        Ok(Self { asked: size, shift: block.trailing_zeros(), words, most })
    }

    /// The size of a block.
    pub(super) const fn block(self) -> usize {
        1 << self.shift
    }

    /// The bytes of a region with so many blocks, if a number can say that.
    fn bytes(self, blocks: usize) -> Option<usize> {
        if blocks > self.most {
            return None;
        }
        let records = (self.words)(blocks).checked_mul(size_of::<u64>())?;
        blocks.checked_mul(self.block())?.checked_add(records)
    }

    /// The most blocks that fit into a region of so many bytes, with their records.
    fn blocks(self, bytes: usize) -> usize {
        let (mut fit, mut beyond) = (0, (bytes >> self.shift).min(self.most) + 1);
        while beyond - fit > 1 {
            let middle = fit + (beyond - fit) / 2;
            match self.bytes(middle) {
                Some(needed) if needed <= bytes => fit = middle,
                _ => beyond = middle,
            }
        }
        fit
    }
}

/// How large a region should be.
#[derive(Clone, Copy)]
pub(super) enum Size {
    /// So many blocks, and what their records need.
    Blocks(usize),
    /// So many bytes, records included.
    Bytes(usize),
}

/// A region, and its source.
///
/// - RG1. It was obtained with `layout`, and goes back at the drop.
/// - RG2. The blocks begin at `start`, and the words of records lie directly behind them.
pub(super) struct Region<S: Source> {
    source: S,
    start: NonNull<u8>,
    layout: Layout,
    blocks: usize,
    shift: u32,
}

// SAFETY: the region belongs to this value alone; the source is `Send`.
unsafe impl<S: Source> Send for Region<S> {}

impl<S: Source> Region<S> {
    /// Obtains a region whose first block is aligned to `align`, or to the size of a block if that is
    /// more. It takes whole granules of the source, and as many blocks as they have room for.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoBlocks`] if no block was asked for; [`BuildError::BlockTooLarge`] if no region
    /// can be that large, or the bytes have no room for one block; [`BuildError::Alignment`] if the
    /// source has no such regions; [`BuildError::Fill`] if it has no memory, or gave a misaligned
    /// region.
    pub(super) fn obtain(
        mut source: S,
        shape: Shape,
        size: Size,
        align: usize,
    ) -> Result<Self, BuildError> {
        let too_large = BuildError::BlockTooLarge { size: shape.asked };
        let bytes = match size {
            Size::Blocks(0) => return Err(BuildError::NoBlocks),
            Size::Blocks(blocks) => {
                let bytes = shape.bytes(blocks).ok_or(too_large)?;
                bytes.checked_next_multiple_of(source.granule().max(1)).ok_or(too_large)?
            }
            Size::Bytes(bytes) => bytes,
        };
        let blocks = shape.blocks(bytes);
        if blocks == 0 {
            return Err(too_large);
        }
        let (requested, limit) = (align.max(shape.block()), source.max_align());
        if requested > limit {
            return Err(BuildError::Alignment { requested, limit });
        }
        let layout = Layout::from_size_align(bytes, requested).map_err(|_| too_large)?;
        match obtain_aligned(&mut source, layout) {
            Ok(Some(start)) => Ok(Self { source, start, layout, blocks, shift: shape.shift }),
            Ok(None) => Err(BuildError::Fill { error: crate::error::AllocError::OutOfMemory }),
            Err(error) => Err(BuildError::Fill { error }),
        }
    }

    /// How many blocks it has.
    #[inline(always)]
    pub(super) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The logarithm of the size of a block.
    #[inline(always)]
    pub(super) const fn shift(&self) -> u32 {
        self.shift
    }

    /// The first word of the records. They are not initialised.
    pub(super) const fn records(&self) -> NonNull<u64> {
        // SAFETY: the records lie behind the blocks (RG2).
        unsafe { self.start.add(self.blocks << self.shift) }.cast()
    }

    /// The bytes of all blocks.
    pub(super) const fn block_bytes(&self) -> usize {
        self.blocks << self.shift
    }

    /// The bytes of the whole region.
    pub(super) const fn bytes(&self) -> usize {
        self.layout.size()
    }

    /// From the first byte of the first block to the byte behind the last.
    pub(super) const fn range(&self) -> Range<NonNull<u8>> {
        self.start..self.records().cast()
    }

    /// The byte that lies so many bytes behind the first one.
    ///
    /// # Safety
    ///
    /// No more than the blocks have.
    #[inline(always)]
    pub(super) const unsafe fn at(&self, offset: usize) -> NonNull<u8> {
        // SAFETY: by the caller.
        unsafe { self.start.add(offset) }
    }

    /// How many bytes the block's start lies behind the first byte.
    #[inline(always)]
    pub(super) fn offset(&self, block: NonNull<u8>) -> usize {
        block.addr().get().wrapping_sub(self.start.addr().get())
    }

    /// The address of the first block.
    #[inline(always)]
    pub(super) fn address(&self) -> usize {
        self.start.addr().get()
    }
}

impl<S: Source> Drop for Region<S> {
    fn drop(&mut self) {
        // SAFETY: obtained with this layout (RG1), and the member is gone, and with it all blocks.
        unsafe { self.source.release(self.start, self.layout) };
    }
}
