//! Cuts chunks into batches of fresh blocks.
//!
//! A chunk is one region. It begins with room for magazines, one for each batch of its blocks. Then
//! comes the extra room that the caller asked for, and then come the blocks. Carving is arithmetic
//! on addresses, so nobody touches a block before its first user has it. All calls are made under
//! the growth lock.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Regions;
use crate::block::{Block, BlockLayout, LINE};
use crate::error::AllocError;

/// The size of the first chunk in bytes, unless the builder sets one.
const FIRST_CHUNK_BYTES: usize = 16 << 10;
/// The size in bytes up to which chunks grow, unless the builder sets one.
const LARGEST_CHUNK_BYTES: usize = 4 << 20;

/// A run of fresh neighbouring blocks, and the room for the magazine that comes with them.
pub struct Carved {
    /// The first block.
    pub first: NonNull<u8>,
    /// How many blocks: at least 1, at most a batch.
    pub blocks: usize,
    /// Room for one magazine of the layout given to [`Carver::new`].
    pub magazine_room: NonNull<u8>,
}

/// A chunk that was just obtained.
pub struct NewChunk {
    /// Batches that the chunk will yield.
    pub batches: usize,
    /// Its blocks.
    pub blocks: usize,
    /// The first of these blocks.
    pub first: NonNull<u8>,
    /// Extra room, of the layout that the caller asked for.
    pub room: NonNull<u8>,
}

/// What is left of the newest chunk.
struct Chunk {
    next_block: NonNull<u8>,
    blocks_left: usize,
    next_magazine_room: NonNull<u8>,
}

/// Where the parts of a chunk lie: first the room for magazines.
struct Plan {
    layout: Layout,
    batches: usize,
    extra_at: usize,
    blocks_at: usize,
}

/// Cuts chunks into batches.
pub struct Carver {
    blocks: BlockLayout,
    /// Layout of a magazine, padded so that its neighbour is aligned too.
    magazine: Layout,
    batch: usize,
    /// Blocks in the next chunk.
    next_chunk: usize,
    /// `next_chunk` doubles up to here.
    largest_chunk: usize,
    /// Whether all chunks have the number of blocks that the builder was told.
    is_fixed: bool,
    capacity: usize,
    carved: usize,
    chunks: usize,
    current: Option<Chunk>,
}

// SAFETY: the pointers lead into regions that the same owner holds.
unsafe impl Send for Carver {}

impl Carver {
    /// A carver that has no chunk yet. `chunk` fixes the number of blocks per chunk; without it
    /// chunks grow by doubling, and take all of the source's granules that they begin. `capacity` is the most blocks ever carved.
    pub fn new(
        blocks: BlockLayout,
        magazine: Layout,
        batch: usize,
        chunk: Option<usize>,
        capacity: usize,
    ) -> Self {
        // If magazines have room for more than the smallest batch, that room counts too.
        let spare = magazine.size().saturating_sub(batch * size_of::<Block>() + 2 * LINE);
        let per_block = blocks.stride().saturating_add(spare / batch);
        let in_bytes = |bytes: usize| (bytes / per_block / batch).max(1) * batch;
        Self {
            blocks,
            magazine: magazine.pad_to_align(),
            batch,
            next_chunk: chunk.unwrap_or(in_bytes(FIRST_CHUNK_BYTES)),
            largest_chunk: chunk.unwrap_or(in_bytes(LARGEST_CHUNK_BYTES)),
            is_fixed: chunk.is_some(),
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

    /// How many batches the current chunk still yields. There is room for a magazine for each.
    pub fn batches_left(&self) -> usize {
        self.current.as_ref().map_or(0, |chunk| chunk.blocks_left.div_ceil(self.batch))
    }

    /// Makes sure that the next [`carve`](Self::carve) yields at least one block. If this takes a
    /// new chunk, the chunk and the extra room of layout `extra(batches, blocks)` come in one
    /// region, or neither does.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`], or the error for the smallest chunk that was tried.
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
            let filled = self.filled(blocks, allowed, &extra, regions);
            match self.chunk(filled, &extra, regions) {
                Ok((chunk, extra)) => {
                    self.current = Some(chunk);
                    self.chunks += 1;
                    self.next_chunk = (self.next_chunk * 2).min(self.largest_chunk);
                    return Ok(Some(extra));
                }
                // A source that is nearly empty may still have room for a smaller chunk. A pool
                // that has nearly as many magazines as it can name may still be able to name those
                // of a smaller chunk.
                Err(AllocError::OutOfMemory | AllocError::MagazinesExhausted) if blocks > 1 => {
                    blocks /= 2;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// `blocks`, and as many more as fit into what a chunk of so many leaves of a granule.
    fn filled(
        &self,
        blocks: usize,
        allowed: usize,
        extra: &impl Fn(usize, usize) -> Result<Layout, AllocError>,
        regions: &Regions,
    ) -> usize {
        let Ok(plan) = self.plan(blocks, extra) else { return blocks };
        let unused = regions.unused(plan.layout);
        if self.is_fixed || unused < self.blocks.stride() {
            return blocks;
        }
        // More blocks may need room for another magazine, and more of the extra room.
        let mut more = (unused / self.blocks.stride()).min(allowed - blocks);
        let most = plan.layout.size() + unused;
        let is_too_large = |more| match self.plan(blocks + more, extra) {
            Ok(plan) => plan.layout.size() > most,
            Err(_) => true,
        };
        while more > 0 && is_too_large(more) {
            more -= 1;
        }
        blocks + more
    }

    /// Where in a chunk of so many blocks everything lies.
    fn plan(
        &self,
        blocks: usize,
        extra: impl Fn(usize, usize) -> Result<Layout, AllocError>,
    ) -> Result<Plan, AllocError> {
        let too_large = |_| AllocError::OutOfMemory;
        let batches = blocks.div_ceil(self.batch);
        let magazine_bytes =
            self.magazine.size().checked_mul(batches).ok_or(AllocError::OutOfMemory)?;
        let magazines =
            Layout::from_size_align(magazine_bytes, self.magazine.align()).map_err(too_large)?;
        let (layout, extra_at) = magazines.extend(extra(batches, blocks)?).map_err(too_large)?;
        let block_run = self.blocks.run(blocks).ok_or(AllocError::OutOfMemory)?;
        let (layout, blocks_at) = layout.extend(block_run).map_err(too_large)?;
        Ok(Plan { layout, batches, extra_at, blocks_at })
    }

    fn chunk(
        &self,
        blocks: usize,
        extra: impl Fn(usize, usize) -> Result<Layout, AllocError>,
        regions: &mut Regions,
    ) -> Result<(Chunk, NewChunk), AllocError> {
        let Plan { layout, batches, extra_at, blocks_at } = self.plan(blocks, extra)?;
        let region = regions.obtain(layout)?;
        // SAFETY: where the blocks begin in the region's layout.
        let next_block = unsafe { region.add(blocks_at) };
        // SAFETY: where the extra room begins in the region's layout.
        let room = unsafe { region.add(extra_at) };
        let chunk = Chunk { next_block, blocks_left: blocks, next_magazine_room: region };
        Ok((chunk, NewChunk { batches, blocks, first: next_block, room }))
    }

    /// Cuts off up to one batch. Call this only after [`prepare`](Self::prepare).
    ///
    /// # Panics
    ///
    /// If no successful `prepare` came before.
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
            // SAFETY: the chunk has room for one magazine per batch, rounded up, and every cut
            // except the last is a whole batch.
            chunk.next_magazine_room =
                unsafe { chunk.next_magazine_room.add(self.magazine.size()) };
        }
        carved
    }
}
