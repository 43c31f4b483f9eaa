//! Blocks that are runs of bits, for one thread.

mod free;
mod places;
mod summary;
mod tree;
mod word;

use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

pub(super) use self::places::Places;
pub(super) use self::tree::{Tree, words};
use super::region::{Region, Shape, Size};
use super::{Usage, empty_block, inherent};
use crate::error::{AllocError, BuildError};
use crate::source::{DefaultSource, Source};

/// Which of the free places a [`Bitmap`] takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fit {
    /// The lowest one, which keeps the high addresses free for large requests. A request that is aligned to
    /// more than a block looks at the eight lowest free runs that are long enough. If none has an aligned
    /// place, it takes the lowest run that has one wherever the run begins.
    #[default]
    First,
    /// The lowest one behind the last allocation, and from the front again if there is none. Memory
    /// that was freed is used again late.
    Next,
    /// The smallest one that is large enough, and of equally small ones the lowest. Each request looks
    /// through the whole bitmap.
    Best,
}

/// A bitmap allocator for one thread: one bit for each block of one region.
///
/// A request takes as many neighbouring blocks as its size needs. A block has no header, and a free looks
/// at no neighbour, because bits that are set side by side are one run already.
///
/// ```text
/// summaries   |    start 0, longest 3, end 1    |    8 children to a node, 256 bits to a leaf
/// bits        | 0 0 1 1 0 1 1 1 0 0 0 1 0 1 ..1 |    1 is free
/// blocks      |L|L| | |L| | | |L|L|L| |L| ..  | |    L is live
/// ```
///
/// A search for a run that begins at the first block visits at most eight summaries of each level, and one
/// that begins elsewhere at most fifteen. It finds the run in the bits of one leaf by shifts and masks. A
/// search for one block needs no summary: levels of bits above the bitmap say which words have a free
/// block.
///
/// # Shape
///
/// A request takes as many blocks as its size needs, one behind the other. Requests may be aligned to more
/// than a block, and the region may have any address.
///
/// # When to take it
///
/// Take it for blocks of some sizes that are small multiples of one: pages and runs of pages, cells of a
/// grid, records of a file. It costs 1.3 bits for each block, loses less than a block for each
/// request, and with [`Fit::First`] keeps what is free together. Leave it if requests differ much in size:
/// then a small block makes long runs and many bits, and a large one wastes memory. For a single size
/// [`Blocks`](super::Blocks) is faster.
///
/// # Complexity
///
/// | call | with [`Fit::First`] or [`Fit::Next`] |
/// |---|---|
/// | allocate one block | levels of bits: logarithm of the blocks to the base 64 |
/// | allocate `n` blocks | levels of summaries: logarithm of the blocks to the base 8, and n/64 |
/// | free, grow, shrink | n/64, and the levels of bits |
///
/// The second row holds on average over a series of calls: a search also counts the leaves anew in which
/// blocks were freed since the last one, and those whose blocks were allocated, once for each of these
/// calls. A bitmap of more than 2^23 blocks also looks through one summary for each 2^20 blocks. An aligned
/// request looks at eight free runs, and then for one that has room to spare; if there is none it looks
/// through the whole bitmap before it is refused. With [`Fit::Best`] each allocation does.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::SystemSource;
/// use stampool::alloc::Bitmap;
///
/// let pages = Bitmap::new(4096, 100, SystemSource)?;
/// let three = Layout::from_size_align(3 * 4096, 4096).expect("a layout");
/// let run = pages.allocate(three).expect("room");
/// assert_eq!(run.len(), 3 * 4096);
/// // SAFETY: the block is live, and nobody uses it.
/// unsafe { pages.deallocate(run.cast(), three) };
/// # Ok::<(), stampool::BuildError>(())
/// ```
///
/// # Source
///
/// The page allocator of Go's runtime, for the summaries. There each allocation and each free counts them
/// anew; here the next search does.
// A1: ST1 of `Tree`. A2: blocks and records lie in the region. A3: a search changes no bit. A4: the number
// of blocks is the same for each size up to their length. A5: `empty_block`. A6: the region ends before
// the address space does.
pub struct Bitmap<S: Source = DefaultSource> {
    tree: Tree,
    /// Where [`Fit::Next`] goes on.
    next: Cell<usize>,
    used_blocks: Cell<usize>,
    live_blocks: Cell<usize>,
    fit: Fit,
    /// The size of a block, if the lowest free one is what the fit asks for; otherwise zero.
    single: usize,
    region: Region<S>,
}

// SAFETY: the records lie in the region, which this value owns; the source is `Send`.
unsafe impl<S: Source> Send for Bitmap<S> {}

impl<S: Source> Bitmap<S> {
    /// An allocator of at least `blocks` blocks of `block_size` bytes, which is rounded up to a power of
    /// two, at least 8. It obtains its region at once.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroSize`] or [`BuildError::NoBlocks`] if a number is zero;
    /// [`BuildError::BlockTooLarge`] if no region can be that large; [`BuildError::Alignment`] if the
    /// source has no regions that are aligned to a block; [`BuildError::Fill`] if the source has no
    /// memory.
    pub fn new(block_size: usize, blocks: usize, source: S) -> Result<Self, BuildError> {
        Self::build(block_size, Size::Blocks(blocks), source)
    }

    /// The same in a region of `bytes` bytes, records included: as many blocks as fit.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); also [`BuildError::BlockTooLarge`] if no block fits. The region is aligned
    /// to a block, so a [`BufferSource`](crate::BufferSource) of exactly `bytes` bytes has it only if the
    /// buffer is so aligned.
    pub fn with_region(block_size: usize, bytes: usize, source: S) -> Result<Self, BuildError> {
        Self::build(block_size, Size::Bytes(bytes), source)
    }

    fn build(block_size: usize, size: Size, source: S) -> Result<Self, BuildError> {
        let shape = Shape::new(block_size, tree::MOST_BLOCKS, tree::words)?;
        let region = Region::obtain(source, shape, size, 1)?;
        // SAFETY: the records are this value's, and as long as the shape says.
        let tree = unsafe { Tree::new(region.records(), region.blocks()) };
        Ok(Self {
            tree,
            next: Cell::new(0),
            used_blocks: Cell::new(0),
            live_blocks: Cell::new(0),
            fit: Fit::First,
            single: shape.block(),
            region,
        })
    }

    /// The same allocator with another fit.
    #[must_use]
    pub const fn with_fit(mut self, fit: Fit) -> Self {
        self.fit = fit;
        self.single = if matches!(fit, Fit::First) { 1 << self.region.shift() } else { 0 };
        self
    }

    /// The number of blocks for a size that is not zero.
    #[inline(always)]
    const fn blocks(&self, size: usize) -> usize {
        ((size - 1) >> self.region.shift()) + 1
    }

    #[inline(always)]
    const fn whole(&self, start: NonNull<u8>, n: usize) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(start, n << self.region.shift())
    }

    /// Returns a run of blocks for `layout`, whole.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`] if there is no such run; [`AllocError::Unsupported`] if the region never
    /// has one.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        let (first, n) = if layout.size().max(layout.align()) <= self.single {
            (self.tree.free.take_lowest().ok_or(AllocError::Capacity)?, 1)
        } else {
            let n = self.blocks(layout.size());
            (self.take_run(n, layout.align())?, n)
        };
        self.count(self.used_blocks.get() + n, self.live_blocks.get() + 1);
        // SAFETY: the block lies in the region.
        Ok(self.whole(unsafe { self.region.at(first << self.region.shift()) }, n))
    }

    #[inline(always)]
    fn count(&self, used_blocks: usize, live_blocks: usize) {
        self.used_blocks.set(used_blocks);
        self.live_blocks.set(live_blocks);
    }

    #[inline(never)]
    fn take_run(&self, n: usize, align: usize) -> Result<usize, AllocError> {
        let places = Places::new(self.region.address(), self.region.shift(), align);
        let end = places.at_least(0).and_then(|first| first.checked_add(n));
        if end.is_none_or(|end| end > self.tree.blocks()) {
            return Err(AllocError::Unsupported);
        }
        let found = match self.fit {
            Fit::First => self.tree.find_place(n, places, 0),
            Fit::Next => self
                .tree
                .find_place(n, places, self.next.get())
                .or_else(|| self.tree.find_place(n, places, 0)),
            Fit::Best => self.tree.find_best_place(n, places),
        };
        let first = found.ok_or(AllocError::Capacity)?;
        self.tree.take(first, n);
        self.next.set(first + n);
        Ok(first)
    }

    /// The number of the block that begins at this address.
    #[inline(always)]
    fn first(&self, block: NonNull<u8>) -> usize {
        self.region.offset(block) >> self.region.shift()
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is live, and `layout` fits it.
    #[inline(always)]
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let (first, n) = (self.first(block), self.blocks(layout.size()));
        if n == 1 {
            self.tree.give_one(first)
        } else {
            self.tree.give(first, n)
        }
        self.used_blocks.set(self.used_blocks.get() - n);
        self.live_blocks.set(self.live_blocks.get() - 1);
    }

    /// Makes a block longer or shorter where it is.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`].
    ///
    /// # Safety
    ///
    /// `block` is live, and `old` fits it.
    unsafe fn resize(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let is_aligned = block.addr().get().is_multiple_of(new.align());
        if old.size() == 0 && new.size() == 0 && is_aligned {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        // A block without bytes lies nowhere, and one that loses its bytes can be freed.
        if old.size() == 0 || new.size() == 0 || !is_aligned {
            return Err(AllocError::NotInPlace);
        }
        let (first, old, new) =
            (self.first(block), self.blocks(old.size()), self.blocks(new.size()));
        if new > old {
            let end = first.checked_add(new).filter(|end| *end <= self.tree.blocks());
            let end = end.ok_or(AllocError::NotInPlace)?;
            if self.tree.first_taken(first + old, end).is_some() {
                return Err(AllocError::NotInPlace);
            }
            self.tree.take(first + old, new - old);
        } else if new < old {
            self.tree.give(first + new, old - new);
        }
        self.used_blocks.set(self.used_blocks.get() - old + new);
        // SAFETY: where the block is. The caller's pointer may reach less.
        Ok(self.whole(unsafe { self.region.at(first << self.region.shift()) }, new))
    }

    /// How many bytes are in blocks that are handed out, how many requests these serve, and how many bytes
    /// the region has.
    pub fn usage(&self) -> Usage {
        let capacity = self.region.block_bytes();
        Usage {
            used_bytes: self.used_blocks.get() << self.region.shift(),
            live_blocks: Some(self.live_blocks.get()),
            obtained_bytes: self.region.bytes(),
            overhead_bytes: self.region.bytes() - capacity,
            capacity_bytes: Some(capacity),
        }
    }

    /// The blocks, without the records behind them.
    pub fn memory_range(&self) -> Range<NonNull<u8>> {
        self.region.range()
    }

    /// Invalidates all blocks.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    pub fn reset(&mut self) {
        self.tree.reset();
        self.next.set(0);
        self.count(0, 0);
    }
}

inherent::member! {
    [S: Source] Bitmap<S>, blocks of "this allocator": Owner, Reset, Contiguous, Debug("Bitmap");

    /// Takes a block back. Its bits are free side by side with those of its neighbours.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is, by the blocks behind it.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if they are not free.
    unsafe grow_in_place(self, block, old, new) = self.resize(block, old, new);

    /// Makes a block shorter where it is. The blocks at its end become free.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks, or if `new` has no bytes, so
    /// that the block can be freed.
    unsafe shrink_in_place(self, block, old, new) = self.resize(block, old, new);
}
