//! Cuts chunks into batches of fresh blocks.
//!
//! A chunk is one region: room for magazines in front, one for each batch of its blocks, then what
//! the caller asked for beside them, then the blocks. Carving is arithmetic on addresses, so no
//! block is touched before its first user has it. All calls are made under the growth lock.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Regions;
use crate::block::{Block, BlockLayout, LINE};
use crate::error::AllocError;

/// Where the size of chunks starts, when the builder does not say, in bytes.
const FIRST_CHUNK_BYTES: usize = 16 << 10;
/// Where the size of chunks stops growing, when the builder does not say, in bytes.
const LARGEST_CHUNK_BYTES: usize = 4 << 20;

/// A run of fresh neighbouring blocks, and the room for the magazine that comes with them.
pub struct Carved {
    /// The first block.
    pub first: NonNull<u8>,
    /// How many blocks, 1 to a batch.
    pub blocks: usize,
    /// Room for one magazine of the layout given to [`Carver::new`].
    pub magazine_room: NonNull<u8>,
}

/// What came with a new chunk.
pub struct NewChunk {
    /// Batches that the chunk will yield.
    pub batches: usize,
    /// Its blocks.
    pub blocks: usize,
    /// The first of them.
    pub first: NonNull<u8>,
    /// Room of the layout that was asked for.
    pub room: NonNull<u8>,
}

/// The rest of the newest chunk.
struct Chunk {
    next_block: NonNull<u8>,
    blocks_left: usize,
    next_magazine_room: NonNull<u8>,
}

/// Cuts chunks into batches.
pub struct Carver {
    blocks: BlockLayout,
    /// One magazine, padded, so that neighbours are aligned too.
    magazine: Layout,
    batch: usize,
    /// Blocks in the next chunk.
    next_chunk: usize,
    /// `next_chunk` doubles up to here.
    largest_chunk: usize,
    capacity: usize,
    carved: usize,
    chunks: usize,
    current: Option<Chunk>,
}

// SAFETY: the pointers lead into regions that the same owner holds.
unsafe impl Send for Carver {}

impl Carver {
    /// A carver that has no chunk yet. `chunk` fixes the number of blocks per chunk; without it
    /// chunks grow by doubling. `capacity` is the most blocks ever carved.
    pub fn new(
        blocks: BlockLayout,
        magazine: Layout,
        batch: usize,
        chunk: Option<usize>,
        capacity: usize,
    ) -> Self {
        // Where magazines have room for more than a batch, that is memory as well.
        let spare = magazine.size().saturating_sub(batch * size_of::<Block>() + 2 * LINE);
        let per_block = blocks.stride().saturating_add(spare / batch);
        let in_bytes = |bytes: usize| (bytes / per_block / batch).max(1) * batch;
        Self {
            blocks,
            magazine: magazine.pad_to_align(),
            batch,
            next_chunk: chunk.unwrap_or(in_bytes(FIRST_CHUNK_BYTES)),
            largest_chunk: chunk.unwrap_or(in_bytes(LARGEST_CHUNK_BYTES)),
            capacity,
            carved: 0,
            chunks: 0,
            current: None,
        }
    }

    /// Blocks carved so far.
    pub const fn carved(&self) -> usize {
        self.carved
    }

    /// Chunks obtained so far.
    pub const fn chunks(&self) -> usize {
        self.chunks
    }

    /// Batches that the current chunk still yields, each with room for a magazine.
    pub fn batches_left(&self) -> usize {
        self.current.as_ref().map_or(0, |chunk| chunk.blocks_left.div_ceil(self.batch))
    }

    /// Sees to it that the next [`carve`](Self::carve) yields at least one block. Where that takes
    /// a new chunk, it brings room for `extra(batches, blocks)` with it, in one region or not at
    /// all.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`], or what was said about the smallest chunk.
    pub fn prepare(
        &mut self,
        regions: &mut Regions,
        extra: impl Fn(usize, usize) -> Result<Layout, AllocError>,
    ) -> Result<Option<NewChunk>, AllocError> {
        let allowed = self.capacity - self.carved;
        if allowed == 0 {
            return Err(AllocError::Capacity);
        }
        if self.current.is_some() {
            return Ok(None);
        }
        let mut blocks = self.next_chunk.min(allowed);
        loop {
            match self.chunk(blocks, &extra, regions) {
                Ok((chunk, extra)) => {
                    self.current = Some(chunk);
                    self.chunks += 1;
                    self.next_chunk = (self.next_chunk * 2).min(self.largest_chunk);
                    return Ok(Some(extra));
                }
                // A source that is nearly empty may still have room for a smaller chunk, and a pool
                // that has nearly as many magazines as it can name may still name those of one.
                Err(AllocError::OutOfMemory | AllocError::MagazinesExhausted) if blocks > 1 => {
                    blocks /= 2;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn chunk(
        &self,
        blocks: usize,
        extra: impl Fn(usize, usize) -> Result<Layout, AllocError>,
        regions: &mut Regions,
    ) -> Result<(Chunk, NewChunk), AllocError> {
        let too_large = |_| AllocError::OutOfMemory;
        let batches = blocks.div_ceil(self.batch);
        let magazine_bytes =
            self.magazine.size().checked_mul(batches).ok_or(AllocError::OutOfMemory)?;
        let magazines =
            Layout::from_size_align(magazine_bytes, self.magazine.align()).map_err(too_large)?;
        let (layout, extra_at) = magazines.extend(extra(batches, blocks)?).map_err(too_large)?;
        let block_run = self.blocks.run(blocks).ok_or(AllocError::OutOfMemory)?;
        let (layout, blocks_at) = layout.extend(block_run).map_err(too_large)?;
        let region = regions.obtain(layout)?;
        // SAFETY: where the blocks begin in the region's layout.
        let next_block = unsafe { region.add(blocks_at) };
        // SAFETY: where the extra room begins in the region's layout.
        let room = unsafe { region.add(extra_at) };
        let chunk = Chunk { next_block, blocks_left: blocks, next_magazine_room: region };
        Ok((chunk, NewChunk { batches, blocks, first: next_block, room }))
    }

    /// Cuts off up to one batch. Call after [`prepare`](Self::prepare) only.
    ///
    /// # Panics
    ///
    /// Without a successful `prepare` before it.
    pub fn carve(&mut self) -> Carved {
        let chunk = self.current.as_mut().expect("carve comes after prepare");
        let blocks = self.batch.min(chunk.blocks_left).min(self.capacity - self.carved);
        let carved =
            Carved { first: chunk.next_block, blocks, magazine_room: chunk.next_magazine_room };
        self.carved += blocks;
        chunk.blocks_left -= blocks;
        if chunk.blocks_left == 0 || self.carved == self.capacity {
            self.current = None;
        } else {
            // SAFETY: blocks are left behind the ones just cut, in the same region.
            chunk.next_block = unsafe { chunk.next_block.add(blocks * self.blocks.stride()) };
            // SAFETY: the chunk has room for one magazine per batch, rounded up, and every cut but
            // the last is a whole batch.
            chunk.next_magazine_room =
                unsafe { chunk.next_magazine_room.add(self.magazine.size()) };
        }
        carved
    }
}
