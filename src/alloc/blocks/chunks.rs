//! The chunks of a block allocator, linked through footers, so that the blocks keep the alignment
//! of the chunk.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::alloc::chunks::LARGEST_CHUNK_BYTES;
use crate::alloc::disjoint::{Piece, ensure_disjoint};
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

impl Chunk {
    /// The whole region.
    fn piece(self, block: Layout) -> Piece {
        (self.start, self.blocks * block.size() + FOOTER_BYTES)
    }

    /// Where the footer lies.
    fn footer(self, block: Layout) -> NonNull<Self> {
        // SAFETY: the layout has room for a footer behind the blocks.
        unsafe { self.start.add(self.blocks * block.size()) }.cast()
    }
}

type List = Option<NonNull<Chunk>>;

/// The chunks of a member, and their source.
///
/// - BC1. The list holds the chunks that the source gave and has not got back.
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

    pub(super) const fn source(&mut self) -> &mut S {
        &mut self.source
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Chunk> {
        // SAFETY: every chunk in the list has a footer (BC1).
        let read = |footer: NonNull<Chunk>| unsafe { footer.read() };
        core::iter::successors(self.first.map(read), move |chunk| chunk.older.map(read))
    }

    /// Makes the newest chunk longer where it is, so that it has twice as many blocks, or as many
    /// as the source allows; at least one more. The footer moves to the new end, and where it lay
    /// begins the first of the new blocks. Answers with the chunk as it is then, or not at all:
    /// then everything is as it was.
    ///
    /// # Panics
    ///
    /// If the bytes that the source adds lie in another chunk. Nothing is served from them then.
    pub(super) fn extend(&mut self, block: Layout) -> Option<Chunk> {
        // SAFETY: a chunk of the list has a footer (BC1).
        let chunk = unsafe { self.first?.read() };
        let old = chunk_layout(block, chunk.blocks)?;
        let mut asked = chunk.blocks.min((LARGEST_CHUNK_BYTES / block.size()).max(1));
        loop {
            let blocks = filled(block, chunk.blocks.saturating_add(asked), self.source.granule());
            if let Some(new) = chunk_layout(block, blocks)
                // SAFETY: the chunk is held, and has this layout. The new one has more blocks, and
                // the same alignment.
                && unsafe { self.source.extend(chunk.start, old, new) }
            {
                let (end, added) = (chunk.footer(block), new.size() - old.size());
                let others = self.iter().skip(1).map(|chunk| chunk.piece(block));
                ensure_disjoint((end.cast(), FOOTER_BYTES + added), others);
                return Some(self.put_first(Chunk { blocks, ..chunk }, block));
            }
            if asked == 1 {
                return None;
            }
            asked /= 2;
        }
    }

    /// Obtains a chunk that has twice as many blocks as the one before, or fewer if the source has
    /// no more.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] if the source has none; [`AllocError::MisalignedSource`].
    ///
    /// # Panics
    ///
    /// If the source gives bytes that lie in a chunk. Everything is then as it was.
    pub(super) fn obtain(&mut self, block: Layout) -> Result<Chunk, AllocError> {
        let mut asked = self.next_blocks;
        let (start, blocks) = loop {
            let blocks = filled(block, asked, self.source.granule());
            if let Some(layout) = chunk_layout(block, blocks)
                && let Some(start) = obtain_aligned(&mut self.source, layout)?
            {
                let held = self.iter().map(|chunk| chunk.piece(block));
                ensure_disjoint((start, layout.size()), held);
                break (start, blocks);
            }
            if asked == 1 {
                return Err(AllocError::OutOfMemory);
            }
            asked /= 2;
        };
        Ok(self.put_first(Chunk { start, blocks, older: self.first }, block))
    }

    /// Makes a chunk the newest one, and writes its footer.
    fn put_first(&mut self, chunk: Chunk, block: Layout) -> Chunk {
        let footer = chunk.footer(block);
        // SAFETY: the chunk has room for its footer, which is aligned as the blocks are.
        unsafe { footer.write(chunk) };
        self.first = Some(footer);
        let most = (LARGEST_CHUNK_BYTES / block.size()).max(chunk.blocks);
        self.next_blocks = chunk.blocks.saturating_mul(2).min(most);
        chunk
    }

    /// Moves the largest chunk to the head of the list.
    pub(super) fn put_largest_first(&mut self) -> Option<Chunk> {
        let largest = self.iter().map(|chunk| chunk.blocks).max()?;
        let mut place = &mut self.first;
        while let Some(footer) = *place {
            // SAFETY: a chunk of the list has a footer (BC1), which only this value uses.
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
        // SAFETY: a chunk of the list has a footer (BC1), which only this value uses.
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
