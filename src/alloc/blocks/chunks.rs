//! The chunks of a block allocator, linked through footers, so that the blocks keep the alignment
//! of the chunk.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::alloc::chunks::LARGEST_CHUNK_BYTES;
use crate::error::AllocError;
use crate::source::{Source, finish, obtain_aligned};

/// What lies behind a chunk's blocks.
pub(super) const FOOTER_BYTES: usize = size_of::<Chunk>();

/// A chunk, as its own footer describes it.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) start: NonNull<u8>,
    pub(super) blocks: usize,
    older: List,
}

type List = Option<NonNull<Chunk>>;

/// I1: the list holds the chunks that the source gave and has not got back.
pub(super) struct Chunks<S: Source> {
    source: S,
    first: List,
    next_blocks: usize,
}

/// The layout of a chunk, if it can be had. The footer lies directly behind the blocks, because a
/// block is aligned for a pointer at least.
pub(super) fn chunk_layout(block: Layout, blocks: usize) -> Option<Layout> {
    let size = block.size().checked_mul(blocks)?.checked_add(FOOTER_BYTES)?;
    Layout::from_size_align(size, block.align()).ok()
}

/// As many blocks as fit into the granules that this many blocks and a footer take.
fn filled(block: Layout, blocks: usize, granule: usize) -> usize {
    let taken = chunk_layout(block, blocks)
        .and_then(|chunk| chunk.size().checked_next_multiple_of(granule.max(1)));
    taken.map_or(blocks, |taken| (taken - FOOTER_BYTES) / block.size())
}

const _: () = assert!(align_of::<Chunk>() <= align_of::<*const u8>());

impl<S: Source> Chunks<S> {
    pub(super) const fn new(source: S, first_blocks: usize) -> Self {
        Self { source, first: None, next_blocks: first_blocks }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Chunk> {
        // SAFETY: every chunk in the list has a footer (I1).
        let read = |footer: NonNull<Chunk>| unsafe { footer.read() };
        core::iter::successors(self.first.map(read), move |chunk| chunk.older.map(read))
    }

    /// Obtains a chunk that has twice as many blocks as the one before, or fewer if the source has
    /// no more.
    pub(super) fn obtain(&mut self, block: Layout) -> Result<Chunk, AllocError> {
        let mut asked = self.next_blocks;
        let (start, blocks) = loop {
            let blocks = filled(block, asked, self.source.granule());
            if let Some(layout) = chunk_layout(block, blocks)
                && let Some(start) = obtain_aligned(&mut self.source, layout)?
            {
                break (start, blocks);
            }
            if asked == 1 {
                return Err(AllocError::OutOfMemory);
            }
            asked /= 2;
        };
        let chunk = Chunk { start, blocks, older: self.first };
        // SAFETY: the layout has room for a footer behind the blocks.
        let footer = unsafe { start.add(blocks * block.size()) }.cast::<Chunk>();
        // SAFETY: as above; it is aligned as the blocks are.
        unsafe { footer.write(chunk) };
        self.first = Some(footer);
        let most = (LARGEST_CHUNK_BYTES / block.size()).max(blocks);
        self.next_blocks = blocks.saturating_mul(2).min(most);
        Ok(chunk)
    }

    /// Moves the largest chunk to the head of the list.
    pub(super) fn put_largest_first(&mut self) -> Option<Chunk> {
        let largest = self.iter().map(|chunk| chunk.blocks).max()?;
        let mut place = &mut self.first;
        while let Some(footer) = *place {
            // SAFETY: a chunk of the list has a footer (I1), which only this value uses.
            let chunk = unsafe { &mut *footer.as_ptr() };
            if chunk.blocks == largest {
                *place = chunk.older;
                chunk.older = self.first;
                self.first = Some(footer);
                return Some(*chunk);
            }
            place = &mut chunk.older;
        }
        None
    }

    /// Gives all chunks back but the first one.
    ///
    /// # Safety
    ///
    /// Nobody uses them.
    pub(super) unsafe fn release_all_but_first(&mut self, block: Layout) {
        let Some(first) = self.first else { return };
        // SAFETY: a chunk of the list has a footer (I1), which only this value uses.
        let list = unsafe { &mut (*first.as_ptr()).older };
        // SAFETY: by the caller.
        unsafe { release(&mut self.source, list, block) }
    }

    /// Gives all chunks back.
    ///
    /// # Safety
    ///
    /// Nobody uses them.
    pub(super) unsafe fn release_all(&mut self, block: Layout) {
        // SAFETY: by the caller.
        unsafe { release(&mut self.source, &mut self.first, block) }
    }
}

/// Gives the chunks of a list back. If the source panics at one of them, the others go back
/// nevertheless, and then the panic goes on. A second panic aborts the process.
///
/// # Safety
///
/// The source gave them for blocks of this layout, and nobody uses them.
unsafe fn release<S: Source>(source: &mut S, list: &mut List, block: Layout) {
    finish(|| {
        let Some(footer) = *list else { return false };
        // SAFETY: a chunk of the list has a footer.
        let Chunk { start, blocks, older } = unsafe { footer.read() };
        *list = older;
        let layout = chunk_layout(block, blocks).expect("as it was obtained");
        // SAFETY: obtained with this layout, and no longer in the list.
        unsafe { source.release(start, layout) };
        true
    });
}
