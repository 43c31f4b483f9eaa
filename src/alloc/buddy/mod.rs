//! Blocks whose sizes are powers of two, for one thread.

mod orders;

use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

use self::orders::Orders;
use super::region::{Region, Shape, Size};
use super::{Usage, empty_block, inherent};
use crate::error::{AllocError, BuildError};
use crate::source::{DefaultSource, Source};

/// The first block of the region is aligned to a page, or as the largest block is if that is less.
const MOST_ALIGN: usize = 4096;

/// A buddy allocator for one thread: blocks whose sizes are powers of two, in one region.
///
/// A block of order `o` has the size of the least block times 2^o. An allocation takes the lowest free
/// block of the smallest order that is large enough, and halves it until it has the order asked for.
/// The two halves of a block are *buddies*. A free merges the block with its buddy if that is free, the
/// result with its own buddy, and so on up to the largest block.
///
/// ```text
/// |               16 KiB, free              |        allocate 2 KiB
/// | 2, live | 2, free |   4, free   | 8, free |      the halves that were not needed
/// ```
///
/// No block has a header, because the layout says the order. The free blocks are bits behind the
/// blocks, 2 to 3 bits for each least block, with one bit above for each word that has any, and so on.
/// One mask says of which orders there are free blocks. So no list is ever walked, and an allocation or
/// a free visits at most each order once.
///
/// The region may have any length, and any address that its source gives. It is cut into one block for
/// each bit of its length, the largest first, relative to its own start. That start is aligned to 4096
/// bytes at most.
///
/// # Shape
///
/// A block has the size that was asked for, or the alignment if that is more, rounded up to a power of
/// two and to a least block. A request whose alignment is larger than that of the region's start gets a
/// block in which it fits wherever the block begins, which can be twice as large.
///
/// # When to take it
///
/// Take it if sizes are powers of two or nearly so (pages, buffers of rings, textures), if the time of
/// each call must have a bound, and if neighbours must merge at once. Leave it if sizes are arbitrary:
/// a quarter of the memory is then lost inside of blocks. [`Bitmap`](super::Bitmap) loses less than a
/// least block for each request.
///
/// # Complexity
///
/// A call takes time proportional to the number of orders, which is the logarithm of the number of
/// least blocks, times the levels of the set, at most seven. [`owns`](Self::owns) and
/// [`usage`](Self::usage) take constant time; [`reset`](Self::reset) walks the records.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::SystemSource;
/// use stampool::alloc::Buddy;
///
/// let buddy = Buddy::new(16, 1024, SystemSource)?;
/// let layout = Layout::new::<[u8; 100]>();
/// let block = buddy.allocate(layout).expect("room");
/// assert_eq!(block.len(), 128);
/// // SAFETY: the block is live, and nobody uses it.
/// unsafe { buddy.deallocate(block.cast(), layout) };
/// assert_eq!(buddy.usage().used_bytes, 0);
/// # Ok::<(), stampool::BuildError>(())
/// ```
///
/// # Source
///
/// Knowlton, A fast storage allocator (1965), for the method. The bits instead of lists are this
/// library's.
// A1: OB1 and OB2. A2: blocks and records lie in the region. A3: `Orders::take` and `grow`
// change nothing when they fail. A4: `Buddy::order` is the same for each size up to `fitting`. A5:
// `empty_block`. A6: the region ends before the address space does.
pub struct Buddy<S: Source = DefaultSource> {
    orders: Orders,
    used_bytes: Cell<usize>,
    live_blocks: Cell<usize>,
    /// The alignment of the region's start that was asked for.
    align: usize,
    region: Region<S>,
}

// SAFETY: the records lie in the region, which this value owns; the source is `Send`.
unsafe impl<S: Source> Send for Buddy<S> {}

impl<S: Source> Buddy<S> {
    /// An allocator of at least `blocks` least blocks of `block_size` bytes, which is rounded up to a
    /// power of two, at least 8. It obtains its region at once.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroSize`] or [`BuildError::NoBlocks`] if a number is zero;
    /// [`BuildError::BlockTooLarge`] if no region can be that large; [`BuildError::Alignment`] if the
    /// source has no regions that are aligned to a least block; [`BuildError::Fill`] if the source has no
    /// memory.
    pub fn new(block_size: usize, blocks: usize, source: S) -> Result<Self, BuildError> {
        Self::build(block_size, Size::Blocks(blocks), source)
    }

    /// The same in a region of `bytes` bytes, records included: as many least blocks as fit.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); also [`BuildError::BlockTooLarge`] if no block fits. The region is aligned
    /// to its largest block, up to 4096 bytes, so a [`BufferSource`](crate::BufferSource) of exactly
    /// `bytes` bytes has it only if the buffer is so aligned.
    pub fn with_region(block_size: usize, bytes: usize, source: S) -> Result<Self, BuildError> {
        Self::build(block_size, Size::Bytes(bytes), source)
    }

    fn build(block_size: usize, size: Size, source: S) -> Result<Self, BuildError> {
        let shape = Shape::new(block_size, orders::MOST_BLOCKS, orders::words)?;
        let blocks = match size {
            Size::Blocks(blocks) => blocks,
            Size::Bytes(bytes) => bytes >> shape.shift,
        };
        // The largest block may have this alignment; the region is to have it too, up to a page.
        let largest = blocks.max(1).ilog2() + shape.shift;
        let align = (1 << largest.min(MOST_ALIGN.ilog2())).min(source.max_align());
        let region = Region::obtain(source, shape, size, align)?;
        // SAFETY: the records are this value's, and as long as the shape says.
        let orders = unsafe { Orders::new(region.records(), region.blocks()) };
        Ok(Self {
            orders,
            used_bytes: Cell::new(0),
            live_blocks: Cell::new(0),
            align: align.max(shape.block()),
            region,
        })
    }

    /// The bytes that a block may lose in front of the request, because it is less aligned.
    #[inline(always)]
    const fn slack(&self, layout: Layout) -> usize {
        layout.align().saturating_sub(self.align)
    }

    /// The order of the block for a request, if there can be such orders.
    #[inline(always)]
    fn order(&self, layout: Layout) -> Option<u32> {
        // A power of two that is not less than the alignment is a multiple of it.
        let mut bytes = layout.size().max(layout.align());
        if self.slack(layout) != 0 {
            bytes = layout.size().checked_add(self.slack(layout))?;
        }
        // A least block has 8 bytes or more, so one byte less is not zero.
        let power = ((bytes.max(1 << self.region.shift()) - 1) | 1).ilog2() + 1;
        let order = power - self.region.shift();
        (order <= self.orders.largest()).then_some(order)
    }

    /// The order of the block that a live request has.
    #[inline(always)]
    fn live_order(&self, layout: Layout) -> u32 {
        let order = self.order(layout);
        debug_assert!(order.is_some(), "a layout of a live block fits into the region");
        order.unwrap_or(0)
    }

    #[inline(always)]
    const fn order_bytes(&self, order: u32) -> usize {
        1 << (order + self.region.shift())
    }

    /// What a request is given of a block of `order` when it begins `skipped` bytes behind its start:
    /// all of the rest, but not more than would make another order of it.
    #[inline(always)]
    fn fitting(&self, order: u32, skipped: usize, layout: Layout) -> usize {
        let bytes = self.order_bytes(order);
        (bytes - skipped).min(bytes - self.slack(layout))
    }

    /// Returns a block of the smallest order in which `layout` fits.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`] if no free block is large enough; [`AllocError::Unsupported`] if none
    /// ever is.
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        let order = self.order(layout).ok_or(AllocError::Unsupported)?;
        let first = self.orders.take(order).ok_or(AllocError::Capacity)?;
        self.used_bytes.set(self.used_bytes.get() + self.order_bytes(order));
        self.live_blocks.set(self.live_blocks.get() + 1);
        let offset = first << self.region.shift();
        let skipped = if self.slack(layout) == 0 {
            0
        } else {
            let address = self.region.address() + offset;
            // At most the slack: the block is aligned to `self.align`.
            address.next_multiple_of(layout.align()) - address
        };
        // SAFETY: the block lies in the region, and has room for the skipped bytes and the request.
        let start = unsafe { self.region.at(offset + skipped) };
        Ok(NonNull::slice_from_raw_parts(start, self.fitting(order, skipped, layout)))
    }

    /// Where the block of a request begins, in least blocks, and how far behind that the request does.
    #[inline(always)]
    fn place(&self, block: NonNull<u8>, order: u32) -> (usize, usize) {
        let offset = self.region.offset(block);
        let skipped = offset & (self.order_bytes(order) - 1);
        ((offset - skipped) >> self.region.shift(), skipped)
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is live, and `layout` fits it.
    #[inline]
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let order = self.live_order(layout);
        let (first, _) = self.place(block, order);
        self.orders.give(first, order);
        self.used_bytes.set(self.used_bytes.get() - self.order_bytes(order));
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
        if old.size() == 0 && new.size() == 0 && block.addr().get().is_multiple_of(new.align()) {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        // A block without bytes lies nowhere, and one that loses its bytes can be freed.
        if old.size() == 0 || new.size() == 0 {
            return Err(AllocError::NotInPlace);
        }
        let order = self.live_order(old);
        let wanted = self.order(new).ok_or(AllocError::NotInPlace)?;
        let (first, skipped) = self.place(block, order);
        let start = (first << self.region.shift()) + skipped;
        if !block.addr().get().is_multiple_of(new.align()) {
            return Err(AllocError::NotInPlace);
        }
        // The whole block becomes another one only if the request begins where it does.
        if wanted != order && skipped != 0 || new.size() > self.order_bytes(wanted) - skipped {
            return Err(AllocError::NotInPlace);
        }
        if wanted > order {
            if !self.orders.grow(first, order, wanted) {
                return Err(AllocError::NotInPlace);
            }
        } else {
            self.orders.shrink(first, order, wanted);
        }
        let used = self.used_bytes.get() - self.order_bytes(order);
        self.used_bytes.set(used + self.order_bytes(wanted));
        // SAFETY: where the request has begun before. The caller's pointer may reach less.
        let start = unsafe { self.region.at(start) };
        Ok(NonNull::slice_from_raw_parts(start, self.fitting(wanted, skipped, new)))
    }

    /// How many bytes are in blocks that are handed out, how many blocks these are, and how many bytes the
    /// region has.
    pub fn usage(&self) -> Usage {
        let capacity = self.region.block_bytes();
        Usage {
            used_bytes: self.used_bytes.get(),
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
        self.orders.reset();
        self.used_bytes.set(0);
        self.live_blocks.set(0);
    }
}

inherent::member! {
    [S: Source] Buddy<S>, blocks of "this allocator": Owner, Reset, Contiguous, Debug("Buddy");

    /// Takes a block back, and merges it with its buddies as far up as they are free.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is, by the free blocks behind it if need be.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not the first part of a block of the new order whose
    /// other parts are free.
    unsafe grow_in_place(self, block, old, new) = self.resize(block, old, new);

    /// Makes a block shorter where it is. The halves that are no longer needed become free.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks, if `new` has no bytes, so
    /// that the block can be freed, or if a request that begins inside of its block would get a block of
    /// another order.
    unsafe shrink_in_place(self, block, old, new) = self.resize(block, old, new);
}
