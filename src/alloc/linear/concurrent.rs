//! A linear allocator for several threads.

use core::alloc::Layout;
use core::fmt;
use core::ptr::{NonNull, null_mut};

use crate::alloc::atomic_bump::AtomicBump;
use crate::alloc::bump::fit;
use crate::alloc::chunks::{Chunk, Chunks, FIRST_CHUNK_BYTES, PAYLOAD_ALIGN};
use crate::alloc::{Usage, empty_block, inherent};
use crate::error::AllocError;
use crate::source::{Source, SystemSource};
use crate::sync::{AtomicPtr, Mutex, Witness, const_when_shipped, lock, site};

/// Lies in front of each chunk's blocks.
struct Mark {
    bump: AtomicBump,
    witness: Witness,
}

/// Room for it.
const MARK_BYTES: usize = size_of::<Mark>().next_multiple_of(PAYLOAD_ALIGN);

const _: () = assert!(align_of::<Mark>() <= PAYLOAD_ALIGN);

/// A linear allocator for several threads: [`Linear`](super::Linear) with a mark that they move by
/// compare-and-swap.
///
/// Each chunk has a mark of its own. A request that does not fit leaves the mark where it is, so a
/// smaller request still finds the room. The last block of the current chunk can be freed, grown and
/// shrunk where it is, by any thread. A thread that allocates much takes a [run](Self::run) and
/// bumps through it without atomics.
///
/// ```text
///  current --> | header | mark | blocks |    free    |
///              | header | mark | blocks       | lost |
/// ```
///
/// # Shape
///
/// As [`Linear`](super::Linear).
///
/// # Progress
///
/// All calls are lock-free, except for growth: that takes a lock and calls the source.
/// [`usage`](Self::usage) and [`owns`](Self::owns) take that lock too.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::AsyncLinear;
/// use stampool::SystemSource;
///
/// let linear = AsyncLinear::new(SystemSource);
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| assert!(linear.allocate(Layout::new::<u64>()).is_ok()));
///     }
/// });
/// assert_eq!(linear.usage().used_bytes, 16);
/// ```
// A1, A2: `AtomicBump` hands out each byte once, and the chunks stay until `&mut` or the drop. A3:
// the mark moves only in an `Ok`; a new chunk is published only with its first block cut off. A4: a
// block's extent is its size. A5: `empty`. A6: `fit`.
pub struct AsyncLinear<S: Source = SystemSource> {
    /// The mark of the newest chunk, or null.
    current: AtomicPtr<Mark>,
    chunks: Mutex<Chunks<S>>,
}

const fn mark_of(chunk: Chunk) -> NonNull<Mark> {
    chunk.start().cast()
}

impl<S: Source> AsyncLinear<S> {
    const_when_shipped! {
        /// An allocator without a chunk. It obtains one at the first allocation.
        pub fn new(source: S) -> Self {
            Self::with_first_chunk(source, FIRST_CHUNK_BYTES)
        }
    }

    const_when_shipped! {
        /// The same, with a first chunk of `bytes`, or of what the first allocation needs if that
        /// is more. As long as the source refuses the chunk, half of it is asked for, down to what
        /// the allocation needs.
        pub fn with_first_chunk(source: S, bytes: usize) -> Self {
            let chunks = Mutex::new(Chunks::new(source, bytes));
            Self { current: AtomicPtr::new(null_mut()), chunks }
        }
    }

    #[inline(always)]
    fn current(&self) -> Option<&AtomicBump> {
        // ORDERING(AL-7): Acquire. Observes the chunk's header and its first mark.
        //   pairs with AL-8; killed by bump/growth_race
        let mark = self.current.load(site::CHUNK_LOAD.ordering());
        // SAFETY: null, or the mark of a chunk, which was written before it was published and stays
        // until `&mut` or the drop.
        let mark = unsafe { mark.as_ref() }?;
        mark.witness.acquired();
        Some(&mark.bump)
    }

    /// Returns a block of `layout`.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] or [`AllocError::MisalignedSource`] from the source;
    /// [`AllocError::Unsupported`] if no chunk can be that large.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // Not by `serve`, which costs an instruction here.
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        let block = match self.current().and_then(|current| current.take(layout)) {
            Some(block) => block,
            None => self.grow_and_take(layout)?,
        };
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    #[cold]
    #[inline(never)]
    fn grow_and_take(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let mut chunks = lock(&self.chunks);
        // ORDERING(AL-9): Relaxed. Only holders of the lock change it.
        let current = self.current.load(site::CHUNK_OWNED.ordering());
        // Another thread may have obtained a chunk meanwhile.
        // SAFETY: null, or the mark of a chunk; the lock orders its creation before this.
        let current = unsafe { current.as_ref() };
        if let Some(block) = current.and_then(|current| current.bump.take(layout)) {
            return Ok(block);
        }
        let size = layout.size().checked_add(MARK_BYTES).ok_or(AllocError::Unsupported)?;
        let with_mark = Layout::from_size_align(size, layout.align());
        let chunk = chunks.obtain(with_mark.map_err(|_| AllocError::Unsupported)?)?;
        let (block, mark) =
            fit(first_of(chunk), chunk.end(), layout).expect("the chunk has room for the request");
        // SAFETY: the chunk is this value's. The block is cut off before any other thread sees the
        // chunk, so nobody can take the room away.
        let bump = unsafe { AtomicBump::new(first_of(chunk), mark, chunk.end()) };
        // SAFETY: the room for it is in front of the chunk's blocks.
        unsafe { mark_of(chunk).write(Mark { bump, witness: Witness::created() }) };
        // ORDERING(AL-8): Release. Publishes the chunk's header and its mark.
        //   pairs with AL-7; killed by bump/growth_race
        self.current.store(mark_of(chunk).as_ptr(), site::CHUNK_PUBLISH.ordering());
        Ok(block)
    }

    /// Whether `address` lies in a chunk. Takes the growth lock.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        lock(&self.chunks).contain(address)
    }

    /// Bytes below the marks, and bytes obtained. Exact while no other thread allocates or frees.
    pub fn usage(&self) -> Usage {
        let chunks = lock(&self.chunks);
        // SAFETY: each chunk got its mark before it came into the chain's reach, under the lock.
        let used = |chunk| unsafe { mark_of(chunk).as_ref() }.bump.used();
        Usage {
            used_bytes: chunks.iter().map(used).sum(),
            live_blocks: None,
            obtained_bytes: chunks.bytes(),
            overhead_bytes: chunks.header_bytes() + chunks.iter().count() * MARK_BYTES,
            capacity_bytes: None,
        }
    }

    /// Invalidates all blocks. The largest chunk stays; the others go back to the source.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All that was said here is done nevertheless.
    pub fn reset(&mut self) {
        let mut chunks = lock(&self.chunks);
        let Some(chunk) = chunks.raise_largest() else { return };
        // SAFETY: the chunk is this value's, and by `&mut` nothing in it is live any more (A1).
        let bump = unsafe { AtomicBump::new(first_of(chunk), first_of(chunk), chunk.end()) };
        // SAFETY: the room for it is in front of the chunk's blocks.
        unsafe { mark_of(chunk).write(Mark { bump, witness: Witness::created() }) };
        // ORDERING(AL-9): Relaxed. By `&mut` no other thread uses it.
        self.current.store(mark_of(chunk).as_ptr(), site::CHUNK_OWNED.ordering());
        // Last, so that this value is whole if the source panics.
        // SAFETY: the call is by `&mut`, so all blocks are invalid (A1).
        unsafe { chunks.release_between(None) };
    }
}

/// Where the blocks of a chunk begin.
const fn first_of(chunk: Chunk) -> NonNull<u8> {
    // SAFETY: every chunk was obtained with this much more room.
    unsafe { chunk.start().add(MARK_BYTES) }
}

inherent::member! {
    [S: Source] AsyncLinear<S>, blocks of "this allocator": Owner, Reset;

    /// Takes a block back. Its memory is free again if it was the last block of the current chunk.
    unsafe deallocate(self, block, layout) = if let Some(current) = self.current() {
        current.give(block, layout.size())
    };

    /// Makes the last block of the current chunk longer where it is.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it is not the last one, or the chunk has no room.
    // Without a chunk the only blocks are empty ones, which do not grow or shrink in place.
    unsafe grow_in_place(self, block, old, new) =
        self.current().ok_or(AllocError::NotInPlace)?.grow(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free if it was the last block.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) =
        self.current().ok_or(AllocError::NotInPlace)?.shrink(block, old, new);
}

impl<S: Source> fmt::Debug for AsyncLinear<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncLinear").finish_non_exhaustive()
    }
}

impl Default for AsyncLinear {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}
