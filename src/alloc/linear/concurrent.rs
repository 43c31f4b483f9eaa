//! A linear allocator for several threads.

use core::alloc::Layout;
use core::fmt;
use core::ptr::{NonNull, null_mut};

use crate::alloc::atomic_bump::AtomicBump;
use crate::alloc::bump::{fit, is_aligned};
use crate::alloc::chunks::{Chunk, Chunks, FIRST_CHUNK_BYTES, PAYLOAD_ALIGN};
use crate::alloc::{Usage, empty_block, inherent};
use crate::error::AllocError;
use crate::source::{Source, SystemSource};
use crate::sync::{AtomicPtr, Mutex, Witness, const_when_shipped, lock, site};

/// Lies in front of the blocks that are served from it: at the start of each chunk, and of each
/// piece by which the source has extended one.
struct Mark {
    bump: AtomicBump,
    witness: Witness,
    /// The mark before this one, for [`usage`](AsyncLinear::usage). Written under the growth lock,
    /// and read under it.
    older: Option<NonNull<Mark>>,
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
/// A source that can [extend](Source::extend) the newest chunk does that first. The bytes that it adds
/// get a mark of their own, because other threads read the end of the old ones without a lock:
///
/// ```text
///  current -----------------------------------v
///              | header | mark | blocks | lost | mark | blocks |    free    |
/// ```
///
/// # When to take it
///
/// Take it if several threads allocate, and all blocks end at one time. Leave it if each thread can have
/// a [`Linear`](super::Linear) of its own, which needs no atomics.
///
/// # Shape
///
/// As [`Linear`](super::Linear).
///
/// # Invariants
///
/// - A mark moves by compare-and-swap alone, and never beyond the end of its piece. So each byte between
///   a piece's beginning and its mark is in one block, or was skipped or freed.
/// - A call that fails leaves the mark where it was.
/// - The first block of a chunk is cut off before other threads can see the chunk.
/// - Chunks go back at a reset or the drop alone, which need `&mut`.
///
/// # Complexity
///
/// An allocation is one compare-and-swap, which is repeated if another thread has moved the mark
/// meanwhile; a new chunk costs a call of the source. [`owns`](Self::owns) walks the chunks, and
/// [`usage`](Self::usage) the marks, of which a chunk has one for each extension and one more.
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
    /// The newest mark, or null.
    current: AtomicPtr<Mark>,
    growth: Mutex<Growth<S>>,
}

/// What the growth lock guards.
struct Growth<S: Source> {
    chunks: Chunks<S>,
    /// The newest mark. Each leads to the one before it.
    newest: Option<NonNull<Mark>>,
    mark_count: usize,
}

// SAFETY: the marks lie in the chunks, which belong to this value.
unsafe impl<S: Source> Send for Growth<S> {}

impl<S: Source> Growth<S> {
    /// Obtains a piece of memory that has room for a mark and for a block of `layout` behind it: by
    /// an extension of the newest chunk, or as a new chunk. Returns where it begins and where it
    /// ends.
    fn piece(&mut self, layout: Layout) -> Result<(NonNull<u8>, NonNull<u8>), AllocError> {
        let size = layout.size().checked_add(MARK_BYTES).ok_or(AllocError::Unsupported)?;
        let too_large = |_| AllocError::Unsupported;
        // The piece is aligned to 16, so this much may be lost in front of the block.
        let padding = layout.align().saturating_sub(PAYLOAD_ALIGN);
        let padded = size.checked_add(padding).ok_or(AllocError::Unsupported)?;
        let padded = Layout::from_size_align(padded, PAYLOAD_ALIGN).map_err(too_large)?;
        if let Some(end) = self.chunks.newest().map(Chunk::end)
            && self.chunks.extend(end, padded)
        {
            let skipped = end.addr().get().wrapping_neg() % PAYLOAD_ALIGN;
            // SAFETY: the source has added more bytes than that behind the old end.
            let start = unsafe { end.add(skipped) };
            return Ok((start, self.chunks.newest().map_or(start, Chunk::end)));
        }
        let with_mark = Layout::from_size_align(size, layout.align()).map_err(too_large)?;
        let chunk = self.chunks.obtain(with_mark)?;
        Ok((chunk.start(), chunk.end()))
    }

    /// Writes a mark at the start of a piece, of which the bytes up to `mark` are handed out.
    ///
    /// # Safety
    ///
    /// The piece is this value's, with room for a mark, and nobody uses the bytes behind `mark`.
    unsafe fn put_mark(
        &mut self,
        (start, end): (NonNull<u8>, NonNull<u8>),
        mark: NonNull<u8>,
    ) -> NonNull<Mark> {
        // SAFETY: by the caller.
        let bump = unsafe { AtomicBump::new(first_of(start), mark, end) };
        let place = start.cast::<Mark>();
        // SAFETY: by the caller there is room for it.
        unsafe { place.write(Mark { bump, witness: Witness::created(), older: self.newest }) };
        self.newest = Some(place);
        self.mark_count += 1;
        place
    }

    /// All marks, the newest first.
    fn marks(&self) -> impl Iterator<Item = &Mark> {
        // SAFETY: written by `put_mark`, and its chunk is held.
        let read = |mark: NonNull<Mark>| unsafe { mark.as_ref() };
        core::iter::successors(self.newest.map(read), move |mark| mark.older.map(read))
    }
}

/// Where the blocks of a piece begin.
const fn first_of(start: NonNull<u8>) -> NonNull<u8> {
    // SAFETY: every piece has this much more room.
    unsafe { start.add(MARK_BYTES) }
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
            let chunks = Chunks::new(source, bytes);
            let growth = Growth { chunks, newest: None, mark_count: 0 };
            Self { current: AtomicPtr::new(null_mut()), growth: Mutex::new(growth) }
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
    /// [`AllocError::Unsupported`] if no chunk can be that large, or the source has
    /// none that is aligned to 16 bytes.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // Not by `serve`, which costs an instruction here.
        let block = match self.current().and_then(|current| current.take(layout)) {
            Some(block) => block,
            None => self.grow_and_take(layout)?,
        };
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    #[cold]
    #[inline(never)]
    fn grow_and_take(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout).cast());
        }
        let mut growth = lock(&self.growth);
        // ORDERING(AL-9): Relaxed. Only holders of the lock change it.
        let current = self.current.load(site::CHUNK_OWNED.ordering());
        // Another thread may have obtained a piece meanwhile.
        // SAFETY: null, or a mark; the lock orders its creation before this.
        let current = unsafe { current.as_ref() };
        if let Some(block) = current.and_then(|current| current.bump.take(layout)) {
            return Ok(block);
        }
        let piece = growth.piece(layout)?;
        let (start, end) = piece;
        let (block, mark) =
            fit(first_of(start), end, layout).expect("the piece has room for the request");
        // SAFETY: the piece is this value's. The block is cut off before any other thread sees the
        // mark, so nobody can take the room away.
        let mark = unsafe { growth.put_mark(piece, mark) };
        // ORDERING(AL-8): Release. Publishes the chunk's header and its mark.
        //   pairs with AL-7; killed by bump/growth_race
        self.current.store(mark.as_ptr(), site::CHUNK_PUBLISH.ordering());
        Ok(block)
    }

    /// Whether `address` lies in a chunk. Takes the growth lock.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        lock(&self.growth).chunks.contain(address)
    }

    /// Bytes below the marks, and bytes obtained. Exact while no other thread allocates or frees.
    pub fn usage(&self) -> Usage {
        let growth = lock(&self.growth);
        let chunks = &growth.chunks;
        Usage {
            used_bytes: growth.marks().map(|mark| mark.bump.used()).sum(),
            live_blocks: None,
            obtained_bytes: chunks.bytes(),
            overhead_bytes: chunks.header_bytes() + growth.mark_count * MARK_BYTES,
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
        let mut growth = lock(&self.growth);
        let Some(chunk) = growth.chunks.raise_largest() else { return };
        (growth.newest, growth.mark_count) = (None, 0);
        let piece = (chunk.start(), chunk.end());
        // SAFETY: the chunk is this value's, and by `&mut` nothing in it is live any more (A1).
        let mark = unsafe { growth.put_mark(piece, first_of(chunk.start())) };
        // ORDERING(AL-9): Relaxed. By `&mut` no other thread uses it.
        self.current.store(mark.as_ptr(), site::CHUNK_OWNED.ordering());
        // Last, so that this value is whole if the source panics.
        // SAFETY: the call is by `&mut`, so all blocks are invalid (A1).
        unsafe { growth.chunks.release_between(None) };
    }
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
    // Without a chunk the only blocks are those without bytes, which do not grow in place.
    unsafe grow_in_place(self, block, old, new) =
        self.current().ok_or(AllocError::NotInPlace)?.grow(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free if it was the last block.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = match self.current() {
        Some(piece) => piece.shrink(block, old, new),
        // Without a chunk there are no blocks but those without bytes.
        None if is_aligned(block, old, new) => Ok(NonNull::slice_from_raw_parts(block, 0)),
        None => Err(AllocError::NotInPlace),
    };
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
