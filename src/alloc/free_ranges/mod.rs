//! Blocks of any layout, freed in any order, without headers.

mod bins;
mod cut;
mod index;
mod list;
mod range;
mod region;
mod regions;
#[cfg(all(test, feature = "std"))]
mod tests;
mod trees;

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use self::range::{FreeRange, GRANULE, granules};
use self::region::Region;
use self::regions::Regions;
use super::chunks::FIRST_CHUNK_BYTES;
use super::{Usage, inherent};
use crate::error::AllocError;
#[cfg(feature = "std")]
use crate::source::SystemSource;
use crate::source::{DefaultSource, Source};

pub use self::bins::Bins;
pub use self::index::Index;
pub use self::trees::Trees;

/// A general allocator for one thread: blocks of any layout, freed in any order, without headers.
///
/// A free gives the block's layout, so a live block needs no header, and all of its bytes are its
/// user's. All memory between live blocks is *free ranges*, which hold their own records. A freed
/// block becomes one range with the free memory in front of it and behind it, at once, and an
/// allocation takes the front of a range and leaves the rest. Which range it takes is the index's
/// matter, and so there are two members: [`GoodFit`] and [`BestFit`].
///
/// ```text
/// | header | live | free range | live | live | free range   | bits |   a region
///          0      1            1      0      1              1         one bit per granule
/// ```
///
/// A granule is two words, 16 bytes where an address has 64 bits. Each has one bit, which is set if
/// free memory and memory in use meet at the granule's start. So the bits at the two ends of a block
/// tell whether it has free neighbours, and how long these are stands in their own words. If a block
/// is freed or taken, both of its bits change, whatever its neighbours are. The bits take 1/128 of
/// the memory.
///
/// # When to take it
///
/// Take [`GoodFit`] or [`BestFit`], whose documentation says when, and not this type by itself.
///
/// # Shape
///
/// A block has as many bytes as asked for, rounded up to whole granules, and they are returned. An
/// alignment above a granule takes no memory: what lies in front of the block stays free.
///
/// The first region is 4 KiB, and each further one twice as large as the one before, up to 64 MiB. A
/// source that can [extend](Source::extend) the newest region does that first; then the bits move to
/// its new end.
///
/// [`grow_in_place`](Self::grow_in_place) takes the front of a free range behind the block, and
/// [`shrink_in_place`](Self::shrink_in_place) frees the block's tail.
///
/// # Complexity
///
/// That of the index within one region. A call whose block lies in another region than that of the call
/// before walks the regions to find its own. There are few where regions double, and many on a source
/// whose regions have one size, such as an [`ArenaSource`](crate::ArenaSource).
/// [`owns`](Self::owns) walks them too. [`usage`](Self::usage) walks the free ranges. A request with an
/// alignment above a granule looks at eight ranges, and then for one that is long enough wherever it
/// begins.
///
/// A new region's bits, 1/128 of it, are written at once; its other memory is touched when it is used.
/// So a first chunk of 64 GiB takes half a gigabyte of a [`Reserved`](crate::source) at the start.
///
/// # Source
///
/// Boundary tags are Knuth's (The Art of Computer Programming, volume 1, 2.5, algorithm C). Here the
/// bits are the tags of live blocks.
// I1: the granules of all regions are live blocks and free ranges, each byte in one of them. No two
// free ranges touch. I2: each free range is in the index, and tells its length at both ends. I3: the
// bits of a region are its borders, as `Region` says.
//
// A1, A2: I1, and regions stay until `&mut` or the drop. A3: a region is obtained or extended only for a
// block that is then served. A4: a block's extent is its size in whole granules. A5: `empty_block`. A6: a
// block lies in a region.
pub struct FreeRanges<S: Source = DefaultSource, I: Index = Bins> {
    index: I,
    /// The region in which the last call was.
    region: Cell<Region>,
    regions: RefCell<Regions<S>>,
}

/// [`FreeRanges`] that takes a range of about the right length, in constant time within a region.
///
/// The free ranges are in bins by their length: one for each length of less than 32 granules, and from
/// there on 16 for each doubling. A request takes the newest range of its own bin if all ranges there
/// fit, and else of the next bin that is not empty. So it looks at the bins' masks and at one range.
/// This is the segregated fit of TLSF (Masmano et al., 2004), without its headers.
///
/// # When to take it
///
/// Take it where blocks of many sizes come and go in any order. Take [`Linear`](super::Linear),
/// [`Stack`](super::Stack) or [`Blocks`](super::Blocks) where their restriction holds: they are faster
/// and lose less.
///
/// # Complexity
///
/// Constant within one region, and what [`FreeRanges`] says of several. The value itself has 7.6 KiB,
/// which are the bins.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::GoodFit;
/// use stampool::SystemSource;
///
/// let heap = GoodFit::new(SystemSource);
/// let layout = Layout::new::<[u64; 5]>();
/// let [first, second] = [heap.allocate(layout)?, heap.allocate(layout)?];
/// assert_eq!(first.len(), 48);
/// // SAFETY: both blocks are live, and are not used afterwards.
/// unsafe { heap.deallocate(first.cast(), layout) };
/// # // SAFETY: as above.
/// unsafe { heap.deallocate(second.cast(), layout) };
/// assert_eq!(heap.allocate(Layout::new::<[u64; 12]>())?.cast::<u8>(), first.cast());
/// # Ok::<(), stampool::alloc::AllocError>(())
/// ```
pub type GoodFit<S = DefaultSource> = FreeRanges<S, Bins>;

/// [`FreeRanges`] that takes the shortest range that is long enough.
///
/// The free ranges are in bands: a list for each length below 32 granules, and a red-black tree for the
/// lengths from each power of two to the next, ordered by length and address, so that of several ranges
/// of one length the lowest one is taken. The trees' nodes lie in the free ranges. A mask says which
/// bands are not empty. Elsewhere this is called *multiple binary search trees*.
///
/// # When to take it
///
/// Take it where the heap is small and a refusal is dear: filled with random blocks until the first
/// refusal, it has about one percent more of its memory in use than [`GoodFit`] (`papers/fragmentation.md`).
/// On the traces of real programs the two need nearly the same heap, and [`GoodFit`] is faster.
///
/// # Complexity
///
/// Logarithmic in the number of free ranges of 32 granules and more, within one region;
/// [`FreeRanges`] says what several regions cost.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::BestFit;
/// use stampool::SystemSource;
///
/// let heap = BestFit::new(SystemSource);
/// let [large, small, wall] = [60, 40, 2].map(|words| Layout::array::<u64>(words));
/// let (large, small, wall) = (large?, small?, wall?);
/// let first = heap.allocate(large)?;
/// heap.allocate(wall)?;
/// let second = heap.allocate(small)?;
/// heap.allocate(wall)?;
/// // SAFETY: both blocks are live, and are not used afterwards.
/// unsafe { heap.deallocate(first.cast(), large) };
/// # // SAFETY: as above.
/// unsafe { heap.deallocate(second.cast(), small) };
/// // Both free ranges are long enough. The shorter one is the better one.
/// assert_eq!(heap.allocate(small)?, second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type BestFit<S = DefaultSource> = FreeRanges<S, Trees>;

// SAFETY: all pointers lead into regions that this value owns; the source is `Send`.
unsafe impl<S: Source, I: Index> Send for FreeRanges<S, I> {}

impl<S: Source, I: Index> FreeRanges<S, I> {
    /// An allocator without a region. It obtains one at the first allocation.
    pub const fn new(source: S) -> Self {
        Self::with_first_chunk(source, FIRST_CHUNK_BYTES)
    }

    /// The same, with a first region of `bytes`, or of what the first allocation needs if that is more.
    /// As long as the source refuses the region, half of it is asked for, down to what the allocation
    /// needs.
    pub const fn with_first_chunk(source: S, bytes: usize) -> Self {
        let regions = RefCell::new(Regions::new(source, bytes));
        Self { index: I::EMPTY, region: Cell::new(Region::EMPTY), regions }
    }

    /// Returns a block of `layout`, rounded up to whole granules.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] or [`AllocError::MisalignedSource`] from the source;
    /// [`AllocError::Unsupported`] if no region can be that large.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let bytes = granules(layout.size());
        if layout.align() <= GRANULE
            && let Some(start) = self.index.take(bytes)
        {
            let region = self.region.get();
            let block = if region.contains(start.addr().get()) {
                region.toggle_ends(start, bytes);
                start
            } else {
                self.use_elsewhere(start, bytes)
            };
            return Ok(NonNull::slice_from_raw_parts(block, bytes));
        }
        let block = self.allocate_otherwise(layout)?;
        Ok(NonNull::slice_from_raw_parts(block, bytes))
    }

    /// Whether `address` lies in a region.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.regions.borrow().contain(address)
    }

    /// Bytes of the live blocks, and bytes obtained.
    pub fn usage(&self) -> Usage {
        let regions = self.regions.borrow();
        let mut free = 0;
        self.index.visit(|range| free += range.bytes);
        Usage {
            used_bytes: regions.payload() - free,
            live_blocks: None,
            obtained_bytes: regions.bytes(),
            overhead_bytes: regions.overhead_bytes(),
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
        self.index.clear();
        let largest = self.regions.get_mut().raise_largest();
        self.region.set(largest.unwrap_or(Region::EMPTY));
        if let Some(region) = largest {
            // SAFETY: the call is by `&mut`, so all blocks are invalid (A1).
            unsafe { region.clear() };
            if region.bytes() != 0 {
                // SAFETY: as above, and the index is empty.
                unsafe { self.free(region, FreeRange::new(region.start(), region.bytes())) };
            }
        }
        // SAFETY: as above.
        unsafe { self.regions.get_mut().release_all_but_newest() };
    }
}

inherent::member! {
    [S: Source, I: Index] FreeRanges<S, I>, blocks of "this allocator":
        Owner, Reset, Debug("FreeRanges");

    /// Frees a block.
    unsafe deallocate(self, block, layout) = self.give(block, granules(layout.size()));

    /// Makes a block longer where it is, if the memory behind it is free.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it is not, or the block is not aligned as `new` asks.
    unsafe grow_in_place(self, block, old, new) = self.grow_block(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if `new` has no bytes, so that the block can be freed, or the block
    /// is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = self.shrink_block(block, old, new);
}

#[cfg(feature = "std")]
impl<I: Index> Default for FreeRanges<SystemSource, I> {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}
