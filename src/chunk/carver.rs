//! Cuts chunks into batches of fresh blocks.
//!
//! A chunk has two regions. One holds the blocks, with a part in front of them if the caller asked
//! for it, and may go back to the source while the pool is used. The other one is kept: it holds room
//! for magazines, one for each batch of the blocks, and the extra room that the caller asked for.
//! Carving is arithmetic on addresses, so nobody touches a block before its first user has it. All
//! calls are made under the growth lock.
//!
//! # Magazines
//!
//! Each batch needs a magazine. A magazine is never freed, so when blocks go back, the magazines that
//! came with them stay, and serve for later batches: the carver counts them, and brings no new one
//! while there are such.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use super::Regions;
use super::regions::{BlockRegion, Obtained};
use crate::block::BlockLayout;
use crate::error::AllocError;
use crate::source::Source;

/// How large chunks are.
#[derive(Clone, Copy, Debug)]
pub enum ChunkSizes {
    /// Each has so many blocks.
    Blocks(usize),
    /// They grow.
    Growing {
        /// The bytes of the first chunk, rounded down to whole batches, or one batch.
        first: usize,
        /// The bytes up to which they grow, rounded in the same way.
        largest: usize,
        /// The pace.
        pace: Pace,
    },
}

/// How fast chunks grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each chunk has twice as many blocks as the one before: few chunks.
    Double,
    /// Each chunk has a sixteenth of the blocks that are carved, and not less than the first: little of
    /// what the pool has is not carved yet.
    Sixteenth,
}

impl ChunkSizes {
    /// What a pool does unless its builder sets something else.
    pub const DEFAULT: Self =
        Self::Growing { first: 16 << 10, largest: 4 << 20, pace: Pace::Double };
}

/// A run of fresh neighbouring blocks, and the room for the magazine that they need.
#[derive(Debug)]
pub struct Carved {
    /// The first block.
    pub first: NonNull<u8>,
    /// How many blocks: at least 1, at most a batch.
    pub blocks: usize,
    /// Room for one magazine of the layout given to [`Carver::new`]. `None` if there is a magazine
    /// already, because blocks have gone back.
    pub magazine_room: Option<NonNull<u8>>,
}

/// The parts that a caller adds to a chunk.
#[derive(Debug)]
pub struct Extras {
    /// What lies in front of the blocks, and goes back with them.
    pub front: Layout,
    /// What stays until the pool is dropped.
    pub kept: Layout,
}

/// A chunk that was just obtained.
#[derive(Debug)]
pub struct NewChunk {
    /// Magazines that the chunk will bring.
    pub magazines: usize,
    /// Its blocks.
    pub blocks: usize,
    /// The first of these blocks.
    pub first: NonNull<u8>,
    /// The part in front of the blocks.
    pub front: NonNull<u8>,
    /// The extra room that is kept.
    pub room: NonNull<u8>,
}

/// What is left of the newest chunk.
#[derive(Debug)]
struct Chunk {
    region: NonNull<BlockRegion>,
    next_block: NonNull<u8>,
    blocks_left: usize,
    next_magazine_room: NonNull<u8>,
    magazines_left: usize,
}

/// Cuts chunks into batches.
#[derive(Debug)]
pub struct Carver {
    blocks: BlockLayout,
    /// Layout of a magazine, padded so that its neighbour is aligned too.
    magazine: Layout,
    batch: usize,
    /// Blocks in the next chunk.
    next_chunk: usize,
    /// Blocks in the first chunk.
    smallest_chunk: usize,
    /// `next_chunk` grows up to here.
    largest_chunk: usize,
    pace: Pace,
    /// Whether all chunks have the number of blocks that the builder was told.
    is_fixed: bool,
    capacity: usize,
    carved: usize,
    chunks: usize,
    /// Magazines whose blocks have gone back.
    spare_magazines: usize,
    current: Option<Chunk>,
}

/// How many blocks are the whole batches that fit into so many bytes, or one batch.
const fn whole_batches(bytes: usize, blocks: BlockLayout, batch: usize) -> usize {
    let batches = bytes / blocks.stride() / batch;
    if batches == 0 { batch } else { batches * batch }
}

// SAFETY: the pointers lead into regions that the same owner holds.
unsafe impl Send for Carver {}

impl Carver {
    /// A carver that has no chunk yet. `capacity` is the most blocks carved at one time.
    pub const fn new(
        blocks: BlockLayout,
        magazine: Layout,
        batch: usize,
        chunks: ChunkSizes,
        capacity: usize,
    ) -> Self {
        let (smallest_chunk, largest_chunk, pace) = match chunks {
            ChunkSizes::Blocks(blocks) => (blocks, blocks, Pace::Double),
            ChunkSizes::Growing { first, largest, pace } => {
                (whole_batches(first, blocks, batch), whole_batches(largest, blocks, batch), pace)
            }
        };
        Self {
            blocks,
            magazine: magazine.pad_to_align(),
            batch,
            next_chunk: smallest_chunk,
            smallest_chunk,
            largest_chunk,
            pace,
            is_fixed: matches!(chunks, ChunkSizes::Blocks(_)),
            capacity,
            carved: 0,
            chunks: 0,
            spare_magazines: 0,
            current: None,
        }
    }

    /// Blocks carved, less those that have gone back.
    pub const fn carved(&self) -> usize {
        self.carved
    }

    /// Chunks obtained, less those that have gone back.
    pub const fn chunks(&self) -> usize {
        self.chunks
    }

    /// How many batches the current chunk still yields.
    pub fn batches_left(&self) -> usize {
        self.current.as_ref().map_or(0, |chunk| chunk.blocks_left.div_ceil(self.batch))
    }

    /// How many magazines the current chunk still brings.
    pub fn magazines_left(&self) -> usize {
        self.current.as_ref().map_or(0, |chunk| chunk.magazines_left)
    }

    /// Makes sure that the next [`carve`](Self::carve) yields at least one block. If this takes a
    /// new chunk, the chunk comes with the parts `extras(magazines, blocks)`, or nothing comes.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`], or the error for the smallest chunk that was tried.
    pub fn prepare(
        &mut self,
        regions: &mut Regions<impl Source>,
        extras: impl Fn(usize, usize) -> Result<Extras, AllocError>,
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
            let filled = self.filled(blocks, allowed, &extras, regions);
            match self.chunk(filled, &extras, regions) {
                Ok((chunk, new)) => {
                    self.current = Some(chunk);
                    self.chunks += 1;
                    self.next_chunk = self.after(blocks).min(self.largest_chunk);
                    return Ok(Some(new));
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

    /// The blocks of the chunk behind one of so many, if chunks grow for ever.
    fn after(&self, blocks: usize) -> usize {
        match self.pace {
            Pace::Double => self.next_chunk * 2,
            Pace::Sixteenth => {
                ((self.carved + blocks) / 16 / self.batch * self.batch).max(self.smallest_chunk)
            }
        }
    }

    /// `blocks`, and as many more as fit into what a region of so many leaves of a granule.
    fn filled(
        &self,
        blocks: usize,
        allowed: usize,
        extras: impl Fn(usize, usize) -> Result<Extras, AllocError>,
        regions: &Regions<impl Source>,
    ) -> usize {
        let region = |blocks| {
            let front = extras(self.magazines(blocks), blocks).ok()?.front;
            Some(front.extend(self.blocks.run(blocks)?).ok()?.0)
        };
        let stride = self.blocks.stride();
        let Some(unused) = self.blocks.run(blocks).map(|run| regions.unused(run)) else {
            return blocks;
        };
        if self.is_fixed || unused == 0 {
            return blocks;
        }
        let Some(least) = region(blocks) else { return blocks };
        let whole = least.size() + regions.unused(least);
        let mut filled = blocks + (regions.unused(least) / stride).min(allowed - blocks);
        // What stands in front of the blocks grows with them.
        while filled > blocks {
            match region(filled).map(|layout| layout.size().saturating_sub(whole)) {
                Some(0) => break,
                Some(over) => filled -= over.div_ceil(2 * stride).min(filled - blocks),
                None => return blocks,
            }
        }
        filled
    }

    /// The magazines that a chunk of so many blocks brings.
    const fn magazines(&self, blocks: usize) -> usize {
        blocks.div_ceil(self.batch).saturating_sub(self.spare_magazines)
    }

    fn chunk(
        &self,
        blocks: usize,
        extras: impl Fn(usize, usize) -> Result<Extras, AllocError>,
        regions: &mut Regions<impl Source>,
    ) -> Result<(Chunk, NewChunk), AllocError> {
        let too_large = |_| AllocError::OutOfMemory;
        let magazines = self.magazines(blocks);
        let magazine_bytes =
            self.magazine.size().checked_mul(magazines).ok_or(AllocError::OutOfMemory)?;
        let rooms =
            Layout::from_size_align(magazine_bytes, self.magazine.align()).map_err(too_large)?;
        let Extras { front, kept } = extras(magazines, blocks)?;
        let (kept, extra_at) = rooms.extend(kept).map_err(too_large)?;
        let run = self.blocks.run(blocks).ok_or(AllocError::OutOfMemory)?;
        let Obtained { region, first, front, kept } = regions.obtain_chunk(front, run, kept)?;
        // SAFETY: where the extra room begins in the layout.
        let room = unsafe { kept.add(extra_at) };
        let chunk = Chunk {
            region,
            next_block: first,
            blocks_left: blocks,
            next_magazine_room: kept,
            magazines_left: magazines,
        };
        Ok((chunk, NewChunk { magazines, blocks, first, front, room }))
    }

    /// Cuts off up to one batch. Call this only after [`prepare`](Self::prepare), with the same
    /// regions.
    ///
    /// # Panics
    ///
    /// If no successful `prepare` came before.
    pub fn carve(&mut self, regions: &mut Regions<impl Source>) -> Carved {
        let chunk = self.current.as_mut().expect("carve comes after prepare");
        let blocks = self.batch.min(chunk.blocks_left).min(self.capacity - self.carved);
        let first = chunk.next_block;
        let magazine_room = chunk.magazine_room(self.magazine);
        if magazine_room.is_none() {
            // The chunk has a room for each batch that the spare magazines do not serve.
            self.spare_magazines -= 1;
        }
        // SAFETY: the region of the current chunk has not gone back.
        unsafe { regions.count_carved(chunk.region, blocks) };
        self.carved += blocks;
        chunk.blocks_left -= blocks;
        if chunk.blocks_left == 0 || self.carved == self.capacity {
            self.current = None;
        } else {
            // SAFETY: blocks are left behind the ones just cut, in the same region.
            chunk.next_block = unsafe { chunk.next_block.add(blocks * self.blocks.stride()) };
        }
        Carved { first, blocks, magazine_room }
    }

    /// Tells the carver that a region of blocks is about to go back.
    ///
    /// If it is that of the current chunk, this returns the chunk's rooms for magazines that it would
    /// still have brought. The caller makes these magazines now, because nothing else would use the
    /// rooms any more.
    pub fn forget(&mut self, region: &BlockRegion) -> Rooms {
        self.carved -= region.carved();
        self.chunks -= 1;
        self.spare_magazines += region.carved().div_ceil(self.batch);
        self.next_chunk = (self.next_chunk / 2).max(self.smallest_chunk);
        let magazine = self.magazine;
        let Some(chunk) = self.current.take_if(|chunk| ptr::eq(chunk.region.as_ptr(), region))
        else {
            return Rooms { chunk: None, magazine };
        };
        self.spare_magazines += chunk.magazines_left;
        Rooms { chunk: Some(chunk), magazine }
    }
}

impl Chunk {
    /// Takes the next room for a magazine.
    fn magazine_room(&mut self, magazine: Layout) -> Option<NonNull<u8>> {
        self.magazines_left = self.magazines_left.checked_sub(1)?;
        let room = self.next_magazine_room;
        // SAFETY: there was one more room, so this is at most the end of the last one.
        self.next_magazine_room = unsafe { room.add(magazine.size()) };
        Some(room)
    }
}

/// The rooms for magazines that a chunk has left.
#[derive(Debug)]
pub struct Rooms {
    chunk: Option<Chunk>,
    magazine: Layout,
}

impl Iterator for Rooms {
    type Item = NonNull<u8>;

    fn next(&mut self) -> Option<Self::Item> {
        self.chunk.as_mut()?.magazine_room(self.magazine)
    }
}
