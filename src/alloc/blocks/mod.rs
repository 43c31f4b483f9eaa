//! Blocks of one layout for one thread.

mod chunks;

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use self::chunks::{Chunk, Chunks, FOOTER_BYTES, chunk_layout};
use super::chunks::FIRST_CHUNK_BYTES;
use super::one_layout::OneLayout;
use super::provenance::{expose, recover};
use super::{Usage, inherent};
use crate::error::{AllocError, BuildError};
use crate::source::{DefaultSource, Source};

/// Lies in a free block.
struct Link(Option<NonNull<Link>>);

/// A block allocator for one thread: blocks of one layout, with a list of the free ones.
///
/// A free block holds the link to the next one, so a block that was freed costs nothing, and a live
/// one has no header. While free blocks are there, an allocation and a free are two assignments
/// each. Each chunk has twice as many blocks as the one before, up to 64 MiB, and ends with three
/// words that lead to the chunk before. A source that can [extend](Source::extend) the newest chunk
/// does that first: then the three words move to the new end.
///
/// ```text
/// free --> block --> block            fresh --v        v-- end
/// | live | free | live | free | live | live |  fresh   | footer |   the newest chunk
/// ```
///
/// # When to take it
///
/// Take it if one thread allocates blocks of one layout and frees them in any order: nodes of a tree or
/// a list. Leave it if threads share the blocks, which is what a [`Pool`](crate::Pool) is for, or if the
/// layouts differ.
///
/// # Shape
///
/// The layout is that given to [`new`](Self::new), padded, with room for a pointer. A smaller layout is
/// served as well, and gets a whole block.
///
/// # Invariants
///
/// - A block is live, or in the list of free blocks, or fresh: never in two of these.
/// - A fresh block lies in the newest chunk, and chunks go back at a reset or the drop alone.
/// - A call that fails changes nothing.
///
/// # Complexity
///
/// Constant, but for a new chunk. [`owns`](Self::owns) walks the chunks;
/// [`usage`](Self::usage) walks the free blocks.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::{AllocError, Blocks};
/// use stampool::SystemSource;
///
/// let blocks = Blocks::new(Layout::new::<[u64; 4]>(), SystemSource)?;
/// let block = blocks.allocate_block().expect("memory");
/// // SAFETY: allocated from `blocks`, and used by nobody else.
/// unsafe { blocks.deallocate_block(block) };
/// assert_eq!(blocks.allocate_block(), Ok(block));
/// assert_eq!(blocks.allocate(Layout::new::<[u64; 5]>()), Err(AllocError::Unsupported));
/// # Ok::<(), stampool::BuildError>(())
/// ```
// A1, A2: a block is live, or fresh, or in the list, and chunks stay until `&mut` or the drop. A3: a
// failed call changes nothing. A4: every block has the same extent. A5: `empty`. A6: `chunk_layout`.
pub struct Blocks<S: Source = DefaultSource> {
    free: Cell<Option<NonNull<Link>>>,
    fresh: Cell<NonNull<u8>>,
    end: Cell<NonNull<u8>>,
    block: OneLayout,
    chunks: RefCell<Chunks<S>>,
}

// SAFETY: all pointers lead into chunks that this value owns; the source is `Send`.
unsafe impl<S: Source> Send for Blocks<S> {}

impl<S: Source> Blocks<S> {
    /// An allocator of blocks of `layout`. It obtains its first chunk at the first allocation.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroSize`]; [`BuildError::BlockTooLarge`] if no chunk can hold a block;
    /// [`BuildError::Alignment`] if the source has no regions that are aligned so.
    pub fn new(layout: Layout, source: S) -> Result<Self, BuildError> {
        Self::build(layout, source, |block| (FIRST_CHUNK_BYTES / block).max(1))
    }

    /// The same, with `blocks` blocks in the first chunk, at least one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_first_chunk(layout: Layout, source: S, blocks: usize) -> Result<Self, BuildError> {
        Self::build(layout, source, |_| blocks)
    }

    /// `first` gets the size of a block, and tells how many are in the first chunk.
    fn build(
        layout: Layout,
        source: S,
        first: impl FnOnce(usize) -> usize,
    ) -> Result<Self, BuildError> {
        let size = layout.size();
        if size == 0 {
            return Err(BuildError::ZeroSize);
        }
        let link = Layout::new::<Link>();
        let block =
            Layout::from_size_align(size.max(link.size()), layout.align().max(link.align()));
        let block = block.map_err(|_| BuildError::BlockTooLarge { size })?.pad_to_align();
        let (requested, limit) = (block.align(), source.max_align());
        if requested > limit {
            return Err(BuildError::Alignment { requested, limit });
        }
        if chunk_layout(block, 1).is_none() {
            return Err(BuildError::BlockTooLarge { size });
        }
        let chunks = Chunks::new(source, first(block.size()).max(1));
        Ok(Self {
            free: Cell::new(None),
            fresh: Cell::new(NonNull::dangling()),
            end: Cell::new(NonNull::dangling()),
            block: OneLayout(block),
            chunks: RefCell::new(chunks),
        })
    }

    /// Does something with the source, which no call of this allocator uses meanwhile.
    pub(in crate::alloc) fn with_source<R>(&self, work: impl FnOnce(&mut S) -> R) -> R {
        work(self.chunks.borrow_mut().source())
    }

    /// The layout of each block.
    pub const fn layout(&self) -> Layout {
        self.block.0
    }

    /// Takes a block: the one that was freed last, or a fresh one.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate).
    #[inline(always)]
    pub fn allocate_block(&self) -> Result<NonNull<u8>, AllocError> {
        if let Some(link) = self.free.get() {
            // SAFETY: a block in the list is free and holds a link.
            self.free.set(unsafe { link.read() }.0);
            return Ok(link.cast());
        }
        self.take_fresh()
    }

    #[inline]
    fn take_fresh(&self) -> Result<NonNull<u8>, AllocError> {
        if self.fresh == self.end {
            self.add_chunk()?;
        }
        let block = self.fresh.get();
        // SAFETY: the newest chunk has at least one whole block left.
        self.fresh.set(unsafe { block.add(self.block.0.size()) });
        Ok(block)
    }

    #[cold]
    #[inline(never)]
    fn add_chunk(&self) -> Result<(), AllocError> {
        let mut chunks = self.chunks.borrow_mut();
        if let Some(chunk) = chunks.extend(self.block.0) {
            expose(chunk.start);
            // All blocks of the newest chunk were fresh once, so the next one begins where the last
            // one ended.
            self.serve(chunk, self.fresh.get());
            return Ok(());
        }
        let chunk = chunks.obtain(self.block.0)?;
        expose(chunk.start);
        self.serve(chunk, chunk.start);
        Ok(())
    }

    /// Takes fresh blocks from `chunk`, from `first` on.
    fn serve(&self, chunk: Chunk, first: NonNull<u8>) {
        self.fresh.set(first);
        // SAFETY: the chunk has this many blocks.
        self.end.set(unsafe { chunk.start.add(chunk.blocks * self.block.0.size()) });
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator.
    #[inline(always)]
    pub unsafe fn deallocate_block(&self, block: NonNull<u8>) {
        let link = recover(block).cast::<Link>();
        // SAFETY: by the caller the block is live, and he gives it up. It has room for a link and
        // is aligned for one.
        unsafe { link.write(Link(self.free.get())) };
        self.free.set(Some(link));
    }

    /// Returns a block, whole, if `layout` fits into one.
    ///
    /// # Errors
    ///
    /// [`AllocError::Unsupported`] if it does not fit; [`AllocError::OutOfMemory`] or
    /// [`AllocError::MisalignedSource`] from the source.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.block.allocate(layout, || self.allocate_block())
    }

    /// Whether `address` lies in a block of a chunk.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.chunks.borrow().iter().any(|chunk| {
            let first = chunk.start.addr().get();
            (first..first + chunk.blocks * self.block.0.size()).contains(&address.addr().get())
        })
    }

    /// Blocks that are handed out, and bytes obtained. Walks the chunks and the free blocks.
    pub fn usage(&self) -> Usage {
        let chunks = self.chunks.borrow();
        let blocks: usize = chunks.iter().map(|chunk| chunk.blocks).sum();
        let fresh = self.end.get().addr().get() - self.fresh.get().addr().get();
        // SAFETY: a block in the list is free and holds a link.
        let next = |link: &NonNull<Link>| unsafe { link.read() }.0;
        let free = core::iter::successors(self.free.get(), next).count();
        let live = blocks - fresh / self.block.0.size() - free;
        let overhead_bytes = chunks.iter().count() * FOOTER_BYTES;
        Usage {
            used_bytes: live * self.block.0.size(),
            live_blocks: Some(live),
            obtained_bytes: blocks * self.block.0.size() + overhead_bytes,
            overhead_bytes,
            capacity_bytes: None,
        }
    }

    /// Invalidates all blocks. The largest chunk stays; the others go back to the source.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All that was said here is done nevertheless.
    pub fn reset(&mut self) {
        self.free.set(None);
        self.end.set(self.fresh.get());
        if let Some(largest) = self.chunks.get_mut().put_largest_first() {
            // First, so that this value is whole if a release panics.
            self.serve(largest, largest.start);
        }
        // SAFETY: the call is by `&mut`, so all blocks are invalid (A1), and fresh blocks come from
        // the first chunk.
        unsafe { self.chunks.get_mut().release_all_but_first(self.block.0) };
    }
}

impl<S: Source> Drop for Blocks<S> {
    fn drop(&mut self) {
        // SAFETY: all blocks are invalid (A1).
        unsafe { self.chunks.get_mut().release_all(self.block.0) };
    }
}

inherent::member! {
    [S: Source] Blocks<S>, blocks of "this allocator": Owner, Reset, Debug("Blocks");

    /// Frees a block.
    unsafe deallocate(self, block, layout) = if layout.size() != 0 {
        self.deallocate_block(block)
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
