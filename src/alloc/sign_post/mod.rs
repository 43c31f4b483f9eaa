//! Blocks of any layout, freed in any order and without their size.

mod bins;
mod tag;
#[cfg(all(test, feature = "std"))]
mod tests;
mod work;

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use self::bins::Bins;
use self::tag::{GRANULE, Piece, WORD, taken};
use super::chunks::{Chunks, FIRST_CHUNK_BYTES};
use super::{Usage, inherent};
use crate::error::AllocError;
#[cfg(feature = "std")]
use crate::source::SystemSource;
use crate::source::{DefaultSource, Source};

/// A general allocator for one thread whose blocks tell their own size: blocks of any layout, freed in
/// any order, in constant time.
///
/// In front of each block stands a tag of one word, like a sign post: how far it is to the next one,
/// whether this piece of memory is free, and whether the one in front of it is. A free piece has its
/// length in its last word too. So a free finds both neighbours, and has four cases: neither is free,
/// the left one, the right one, or both. In each the free memory becomes one piece, at once.
///
/// ```text
/// |tag| live      |tag| free     length|tag| live   |tag|   a region
///  ----------------^-------------------^-------------^      how far
/// ```
///
/// Free pieces are in bins by their length, as those of [`GoodFit`](super::GoodFit) are, and linked
/// through their own bytes.
///
/// # When to take it
///
/// Take it where frees do not know the size, as those of a C interface:
/// [`deallocate_unsized`](Self::deallocate_unsized), [`block_len`](Self::block_len). For several threads
/// put it into a `Mutex`; a [`Locked`](super::wrap::Locked) has only the calls that all members have. If
/// frees pass a layout, [`GoodFit`](super::GoodFit) needs no tag and so less memory: a block of 32 bytes
/// takes 48 here and 32 there.
///
/// # Shape
///
/// A block and its tag take a multiple of two words, and four at least. What is more than asked for is
/// returned. Regions are as those of [`FreeRanges`](super::FreeRanges).
///
/// # Complexity
///
/// Constant, but for a new region, also for [`deallocate`](Self::deallocate) in whatever region.
/// [`owns`](Self::owns) walks the regions, and [`usage`](Self::usage) the free pieces.
///
/// # Source
///
/// Boundary tags are Knuth's (The Art of Computer Programming, volume 1, 2.5, algorithm C), the second
/// word in free pieces alone is dlmalloc's, and the bins are those of TLSF (Masmano et al., 2004).
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::SignPost;
/// use stampool::SystemSource;
///
/// let heap = SignPost::new(SystemSource);
/// let block = heap.allocate(Layout::new::<[u64; 5]>())?;
/// // SAFETY: the block is live.
/// assert_eq!(unsafe { heap.block_len(block.cast()) }, 40);
/// // SAFETY: the block is live and is not used afterwards.
/// unsafe { heap.deallocate_unsized(block.cast()) };
/// assert_eq!(heap.usage().used_bytes, 0);
/// # Ok::<(), stampool::alloc::AllocError>(())
/// ```
// I1: a region is pieces, one behind the other, up to a tag of length zero. I2: no two free pieces
// touch, and each is in the bins. I3: a tag says whether its left neighbour is free, and a free piece
// has its length in its last word.
//
// A1, A2: I1, and regions stay until `&mut` or the drop. A3: a region is obtained or extended only for a
// block that is then served. A4: the tag tells the extent, whatever size is passed back. A5:
// `empty_block`. A6: a block lies in a region.
pub struct SignPost<S: Source = DefaultSource> {
    bins: Bins,
    /// Bytes of all pieces.
    payload: Cell<usize>,
    chunks: RefCell<Chunks<S>>,
}

// SAFETY: all pointers lead into regions that this value owns; the source is `Send`.
unsafe impl<S: Source> Send for SignPost<S> {}

impl<S: Source> SignPost<S> {
    /// An allocator without a region. It obtains one at the first allocation.
    pub const fn new(source: S) -> Self {
        Self::with_first_chunk(source, FIRST_CHUNK_BYTES)
    }

    /// The same, with a first region of `bytes`, or of what the first allocation needs if that is more.
    /// As long as the source refuses the region, half of it is asked for, down to what the allocation
    /// needs.
    pub const fn with_first_chunk(source: S, bytes: usize) -> Self {
        let chunks = RefCell::new(Chunks::new(source, bytes));
        Self { bins: Bins::new(), payload: Cell::new(0), chunks }
    }

    /// Returns a block of `layout`, and what its piece has more.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] or [`AllocError::MisalignedSource`] from the source;
    /// [`AllocError::Unsupported`] if no region can be that large.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.align() <= GRANULE
            && layout.size() != 0
            && let Some((piece, bytes)) = self.take(taken(layout.size()))
        {
            return Ok(NonNull::slice_from_raw_parts(piece.0, bytes - WORD));
        }
        self.allocate_otherwise(layout)
    }

    /// Frees a block whose size the caller does not know.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, and its layout had a size above zero.
    #[inline(always)]
    pub unsafe fn deallocate_unsized(&self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.give(block) }
    }

    /// How many bytes a live block has: at least as many as were asked for.
    ///
    /// # Safety
    ///
    /// As [`deallocate_unsized`](Self::deallocate_unsized).
    pub unsafe fn block_len(&self, block: NonNull<u8>) -> usize {
        // SAFETY: by the caller.
        unsafe { Piece::of(block).tag() }.length() - WORD
    }

    /// Whether `address` lies in a region.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.chunks.borrow().contain(address)
    }

    /// Bytes of the live blocks with their tags, and bytes obtained.
    pub fn usage(&self) -> Usage {
        let chunks = self.chunks.borrow();
        // SAFETY: a piece in the bins has a tag.
        let free: usize = self.bins.iter().map(|piece| unsafe { piece.tag() }.length()).sum();
        Usage {
            used_bytes: self.payload.get() - free,
            live_blocks: None,
            obtained_bytes: chunks.bytes(),
            overhead_bytes: chunks.bytes() - self.payload.get(),
            capacity_bytes: None,
        }
    }

    /// Invalidates all blocks. The largest region stays; the others go back to the source.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All that was said here is done nevertheless.
    pub fn reset(&mut self) {
        self.bins.clear();
        self.payload.set(0);
        if let Some(largest) = self.chunks.get_mut().raise_largest() {
            // SAFETY: the call is by `&mut`, so all blocks are invalid (A1).
            unsafe { self.lay_out(largest) };
        }
        // SAFETY: as above.
        unsafe { self.chunks.get_mut().release_between(None) };
    }
}

inherent::member! {
    [S: Source] SignPost<S>, blocks of "this allocator": Owner, Reset, Debug("SignPost");

    /// Frees a block. The layout says only whether the block has bytes: one without bytes takes no
    /// memory.
    unsafe deallocate(self, block, layout) = if layout.size() != 0 {
        self.give(block)
    };

    /// Makes a block longer where it is, if its piece has room, or the memory behind it is free.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it has not, or the block is not aligned as `new` asks.
    unsafe grow_in_place(self, block, old, new) = self.grow_block(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free, if that is long enough for a piece.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if `new` has no bytes, so that the block can be freed, or the block
    /// is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = self.shrink_block(block, old, new);
}

#[cfg(feature = "std")]
impl Default for SignPost {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}
