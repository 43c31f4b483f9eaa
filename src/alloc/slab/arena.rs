//! The arena: which request goes where.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::chunks::{ChunkSource, Records};
use super::classes::{Classes, PAGE, Route};
use super::marks::FREE;
use super::pages::Pages;
use crate::alloc::provenance::{expose, recover};
use crate::alloc::{empty_block, inherent};
use crate::block::Block;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::pool::{Pool, PoolSet};
use crate::sync::{Arc, Mutex};

/// The most bytes of a batch, and the most blocks of the first one and of the largest.
const BATCH_BYTES: usize = 16 << 10;
const BATCH_BLOCKS: usize = 64;
const LARGEST_BATCH_BLOCKS: usize = 512;
/// A batch has at most this part of the capacity, so that the caches of threads hold little of it.
const BATCH_PART: usize = 8192;
/// The bytes of a first chunk, and of the largest one.
const FIRST_CHUNK_BYTES: usize = 64 << 10;
const LARGEST_CHUNK_BYTES: usize = 4 << 20;
/// A chunk has at most this part of the capacity, so that no class takes the pages of all others.
const CHUNK_PART: usize = 100;

/// An allocator for many threads whose memory never exceeds a capacity: the storage of an engine, a
/// cache, a server's share.
///
/// It obtains one region when it is built, and cuts it into pages of 4 KiB. Requests are rounded up to
/// one of 544 classes. Each class of up to 64 KiB has a lock-free [`Pool`] with a cache
/// for each thread, whose chunks are runs of pages. A larger block has a run of its own.
///
/// ```text
///  allocate(layout) --class of its size--> up to 64 KiB: the thread's cache --batches--> pool of the class
///                                                                                            | chunks
///                                          above: ------------------------------------> pages of the region
///                                                    a run of pages, under a lock
/// ```
///
/// # Shape
///
/// The capacity is 4 KiB to 1 TiB: without the feature `os`, as much as the program's allocator has in
/// one piece. A block is aligned to 8 at least, and to more on request: the size is rounded up to the
/// alignment and then to its class. Classes are 8 bytes apart up to 128 bytes. Above, there are 16 in each
/// octave, so that at most 6.25% of a block is lost beyond what its alignment takes.
///
/// # Capacity
///
/// Blocks lie in the region and nowhere else, so they never exceed the capacity, whatever the threads
/// do. A request that finds no page is refused with [`AllocError::Capacity`].
///
/// A free block stays with its class until another class lacks pages. Then the arena gives the pages of
/// free blocks back, as [`trim`](Self::trim) does, until the request finds some. What it cannot give
/// back is a chunk with one block in use: 4 KiB at least, and up to 4 MiB in a large arena.
///
/// So count how many classes the blocks have, and give each of them some chunks. In a full cache that
/// evicts its oldest value, with values of 1 to 2,000 bytes, which are 80 classes, values hold at least 91%
/// of 64 MiB, but 22% of 4 MiB: there nearly each page has blocks of several ages
/// (papers/allocators.md). Where the capacity is
/// a few mebibytes, a [`BestFit`](crate::alloc::BestFit) in a [`Locked`](crate::alloc::wrap::Locked) fills
/// all of it.
///
/// A few free blocks are out of the arena's reach, in the caches of other threads: at most two batches
/// for each class and thread, each at most 16 KiB and at most an 8,192nd part of the capacity, but at
/// least one block. Each of them keeps its whole chunk with its class. So threads that use many classes
/// and then do nothing withhold some mebibytes each.
///
/// # When it is full
///
/// [`AllocError::Capacity`] says that the request may be served when blocks were freed, and
/// [`AllocError::Unsupported`] that it never will. A cache that evicts should tell them apart, and evict
/// several values for each refusal: a refusal costs microseconds. A container reports a refusal where it
/// can: `try_reserve` of a `Vec` or a map, `Box::try_new_in`. Its other methods, `push` and `insert` among
/// them, end the program when the arena refuses, as they do with any allocator.
///
/// # Fairness
///
/// A class takes pages when it has no free block: at most a hundredth of the capacity at a time, or as
/// many as hold its blocks without losing a sixteenth. So beside the blocks that were in use at one time
/// and those in caches, it has at most that much: papers/allocators.md has the sum.
///
/// # When to take it
///
/// Take it where a budget must hold, and blocks of many sizes come and go on many threads. Leave it
/// for blocks of one layout: a [`Pool`] has a [`capacity`](crate::PoolBuilder::capacity) as well, and
/// leaves nothing idle in other classes. On one thread a [`BestFit`](crate::alloc::BestFit) in one region
/// wastes less.
///
/// # Memory
///
/// The region goes back to the source when the arena is dropped and no thread that is just ending still
/// hands its cache in. The address of a block leads to its class: [`block_size`](Self::block_size).
///
/// The arena's records are beside the capacity, and come from the program's allocator, which the arena can
/// therefore not be. [`SlabStats::overhead_bytes`](super::SlabStats::overhead_bytes) counts them: 8 bytes
/// and a little for each block that a class ever had at one time, a byte for each page, and a cache for
/// each thread and class. So blocks of 8 bytes take as much again, and blocks of 1,000 bytes 1%. A class
/// keeps its records when its pages go to another class, so a program whose sizes change from one phase to
/// the next adds them up. [`reset`](Self::reset) gives them back.
///
/// # Panics
///
/// A free of a block above 64 KiB panics if no such block is live. Below, an arena that is
/// [`checked`](super::SlabArenaBuilder::checked) panics; others do not look, as the contract allows,
/// and panic only if no block of that size was ever allocated.
///
/// # Progress
///
/// Calls that the thread's cache serves are wait-free. An exchange is as lock-free as the strategy `S`.
/// A class that takes pages holds its growth lock and the lock of the pages, and so does each block
/// above 64 KiB hold the latter. A request that finds no pages waits for another one that does, and then
/// for the growth locks of the classes that it trims.
///
/// # Complexity
///
/// Constant, but for the search for a run of pages: see [`Bitmap`](crate::alloc::Bitmap). A request that
/// finds none trims one class after another until it does: n log n steps for n free blocks of a class,
/// and for that time a list of them, 8 bytes each, from the program's allocator. It passes over a class
/// to which no block came back since the last time, so a full arena refuses in a step for each class.
/// A block above 64 KiB has a mark for each of its pages, which its allocation writes and its free looks
/// at, under the lock of the pages: a fraction of a nanosecond for each, so a quarter of a second for half
/// a terabyte.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::{AllocError, SlabArena};
///
/// let arena = SlabArena::new(1 << 20)?;
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| {
///             let layout = Layout::new::<[u8; 1000]>();
///             let block = arena.allocate(layout).expect("room");
///             assert_eq!(block.len(), 1024);
///             // SAFETY: the block is live, and the layout fits it.
///             unsafe { arena.deallocate(block.cast(), layout) };
///         });
///     }
/// });
/// let too_much = Layout::new::<[u8; 2 << 20]>();
/// assert_eq!(arena.allocate(too_much), Err(AllocError::Unsupported));
/// assert!(arena.stats().heap_bytes <= 1 << 20);
/// # Ok::<(), stampool::BuildError>(())
/// ```
///
/// # Source
///
/// Bonwick & Adams 2001 for caches and magazines; the classes are those of a floating-point number with
/// four bits of mantissa.
// A1: pools and pages hand each block out once; PG2. A2: blocks lie in the region, which moves with
// nothing. A3: a failed call takes no block; a pool that it has built stays, and is no block. A4: the
// class of each size up to a block's is that block's. A5: `empty_block`. A6: only a checked arena, and
// the free of a large block, panic, and the source is called at the build and at the drop alone.
pub struct SlabArena<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    /// Dropped first: the pools give their chunks back to the pages.
    pub(super) pools: PoolSet<S, C>,
    pub(super) pages: Arc<Pages>,
    pub(super) records: Arc<Records>,
    /// Held by the thread that gives pages of free blocks back. Taken before any other lock.
    pub(super) trimming: Mutex<()>,
}

impl<S: Strategy, C: Checking> SlabArena<S, C> {
    /// Returns a block of the layout's class.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`] if the class has no free block and there are no pages for more, also not
    /// among those of free blocks of other classes, in so far as they are not in caches of other threads.
    /// [`AllocError::Unsupported`] if the arena has too few pages for such a block.
    /// [`AllocError::OutOfMemory`] if the program's allocator refuses memory for the records.
    #[inline]
    #[track_caller]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match Route::of(layout) {
            Route::Empty => Ok(empty_block(layout)),
            // SAFETY: the set has a pool for each such class.
            Route::Pool(class) => match unsafe { self.pools.hit(class) } {
                Some(block) => Ok(whole(expose(block.as_non_null()), class)),
                None => self.allocate_far(class),
            },
            Route::Pages(class) => self.allocate_pages(class, layout.align()),
        }
    }

    /// An allocation that the thread's cache does not serve. If the pool refuses, and pages of free
    /// blocks of other classes can be had, it is asked again.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn allocate_far(&self, class: usize) -> Result<NonNull<[u8]>, AllocError> {
        let take = || match self.pools.allocate(class, || self.build(class)) {
            Ok(block) => Ok(whole(expose(block.as_non_null()), class)),
            Err(error) => Err(self.reason(error, class)),
        };
        self.or_reclaim(take)
    }

    #[inline(never)]
    fn allocate_pages(&self, class: usize, align: usize) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.or_reclaim(|| self.pages.take_block(class, align))?;
        Ok(whole(expose(block), class))
    }

    /// Builds the pool of a class.
    fn build(&self, class: usize) -> Result<Pool<S, C>, AllocError> {
        let (size, capacity) = (Classes::size(class), self.pages.bytes());
        let batch_bytes = BATCH_BYTES.min(capacity / BATCH_PART);
        let batch = |most: usize| (batch_bytes / size).clamp(1, most);
        let share = (capacity / CHUNK_PART).max(Classes::tight_chunk(class));
        let (pages, records) = (Arc::clone(&self.pages), Arc::clone(&self.records));
        let pool = Pool::builder(Classes::layout(class))
            .strategy::<S>()
            .checking::<C>()
            .batch(batch(BATCH_BLOCKS))
            .batch_up_to(batch(LARGEST_BATCH_BLOCKS))
            .chunk_bytes(FIRST_CHUNK_BYTES.min(share), LARGEST_CHUNK_BYTES.min(share))
            .source(ChunkSource { pages, records, class })
            .build();
        // The arena's builder has built such a pool, so what is refused here is the size of the chunk.
        pool.map_err(|_| AllocError::OutOfMemory)
    }

    /// Why a pool refuses: a pool whose chunks are refused says `OutOfMemory`, but what is lacking is
    /// pages, unless the records were refused.
    fn reason(&self, error: AllocError, class: usize) -> AllocError {
        if error != AllocError::OutOfMemory || self.records.refused.get() != 0 {
            return error;
        }
        let layout = Classes::layout(class);
        let with_words = layout.size().saturating_add(if C::CHECKS { layout.align() } else { 0 });
        if self.pages.could_serve(with_words.div_ceil(PAGE), layout.align()) {
            AllocError::Capacity
        } else {
            AllocError::Unsupported
        }
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// It is a live block of this arena, and `layout` fits it.
    #[inline(always)]
    #[track_caller]
    unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        if C::CHECKS {
            self.check_free(block, layout);
        }
        match Route::of(layout) {
            Route::Empty => {}
            // SAFETY: by the caller it is a block of this class's pool.
            Route::Pool(class) => unsafe { self.pools.deallocate(class, Block(recover(block))) },
            // SAFETY: by the caller.
            Route::Pages(class) => unsafe { self.pages.give_block(block, class) },
        }
    }

    /// Looks whether a block may be what the layout says. The block's pool, or the pages, look whether
    /// it is live.
    ///
    /// # Panics
    ///
    /// If the page of the block holds something else.
    #[track_caller]
    fn check_free(&self, block: NonNull<u8>, layout: Layout) {
        let Route::Pool(class) = Route::of(layout) else {
            let is_empty = Route::of(layout) == Route::Empty && self.owns(block);
            assert!(!is_empty, "stampool: the block at {block:p} was freed as one without bytes");
            return;
        };
        assert!(self.owns(block), "stampool: {block:p} is not of this arena");
        let size = Classes::size(class);
        let mark = self.pages.mark(block);
        match Classes::marked(mark) {
            Some(marked) if marked == class => {}
            Some(marked) => panic!(
                "stampool: the block at {block:p} has {} bytes, and was freed with a layout of {size}",
                Classes::size(marked)
            ),
            None if mark == FREE => panic!(
                "stampool: no block of {size} bytes begins at {block:p}: it was freed, or never allocated"
            ),
            None => panic!(
                "stampool: the block at {block:p} has more than 64 KiB, and was freed with a layout of {size}"
            ),
        }
    }

    /// Makes a block longer or shorter where it lies: within its class, or by pages.
    ///
    /// # Safety
    ///
    /// As [`free`](Self::free).
    #[track_caller]
    unsafe fn resize(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if !block.addr().get().is_multiple_of(new.align()) {
            return Err(AllocError::NotInPlace);
        }
        match (Route::of(old), Route::of(new)) {
            (Route::Empty, Route::Empty) => Ok(NonNull::slice_from_raw_parts(block, 0)),
            (Route::Pool(old), Route::Pool(new)) if old == new => Ok(whole(recover(block), new)),
            (Route::Pages(old), Route::Pages(new)) => {
                let block = self.pages.resize_block(block, old, new)?;
                Ok(whole(expose(block), new))
            }
            _ => Err(AllocError::NotInPlace),
        }
    }

    /// Whether `address` lies in the arena's region.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.pages.owns(address)
    }

    /// The size of the block that the address lies in, if that is at most 64 KiB: the size of its class.
    /// `None` for an address in a larger block, in a free page, or outside of the arena.
    pub fn block_size(&self, address: NonNull<u8>) -> Option<usize> {
        Classes::marked(self.pages.mark(address)).map(Classes::size)
    }
}

#[inline(always)]
const fn whole(block: NonNull<u8>, class: usize) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(block, Classes::size(class))
}

inherent::member! {
    [S: Strategy, C: Checking] SlabArena<S, C>, blocks of "this arena": Owner, Reset, Debug("SlabArena");

    /// Takes a block back. It goes to the cache of the calling thread, or its pages become free.
    ///
    /// # Panics
    ///
    /// If the block has more than 64 KiB and no such block is live; in a checked arena, if no block of
    /// this layout's class is live there.
    unsafe deallocate(self, block, layout) = self.free(block, layout);

    /// Makes a block longer where it is: up to the size of its class, or by the pages behind it.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if neither serves.
    ///
    /// # Panics
    ///
    /// As [`deallocate`](Self::deallocate), for a block of more than 64 KiB.
    unsafe grow_in_place(self, block, old, new) = self.resize(block, old, new);

    /// Makes a block shorter where it is: within its class, or by giving pages back.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the shorter block is of another class, and at most 64 KiB.
    ///
    /// # Panics
    ///
    /// As [`deallocate`](Self::deallocate), for a block of more than 64 KiB.
    unsafe shrink_in_place(self, block, old, new) = self.resize(block, old, new);
}
