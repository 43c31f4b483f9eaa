//! A linear allocator for one thread.

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use crate::alloc::bump::{Bump, serve};
use crate::alloc::chunks::{Chunks, FIRST_CHUNK_BYTES};
use crate::alloc::{Usage, inherent};
use crate::error::AllocError;
#[cfg(feature = "std")]
use crate::source::SystemSource;
use crate::source::{DefaultSource, Source};

/// A linear allocator for one thread: it moves a mark through chunks of its source.
///
/// An allocation aligns the mark, adds the size and compares once. The last block can be freed,
/// grown and shrunk where it is. All other frees do nothing: the memory comes back with
/// [`reset`](Self::reset), or when the allocator is dropped.
///
/// ```text
///            mark --v             v-- end
/// | header | blocks |    free     |     the current chunk
/// | header | blocks        | lost |     older ones
/// ```
///
/// # When to take it
///
/// Take it if all blocks end at one time, on one thread: those of a request, a frame, a phase of a
/// compiler. Leave it if blocks of all ages are freed one by one: then the memory comes back too late,
/// and a [`Stack`](crate::alloc::Stack) or a general allocator has it back sooner. Several threads
/// share an [`AsyncLinear`](crate::alloc::AsyncLinear), or a `Linear` in a
/// [`Locked`](crate::alloc::wrap::Locked).
///
/// # Shape
///
/// A block is as long as was asked for. Chunks double up to 64 MiB. The first one has 4 KiB, or what
/// [`with_first_chunk`](Self::with_first_chunk) says, which may be more than 64 MiB; a larger block
/// gets a chunk of its size. If the source has no such chunk, a smaller one will do. A source that can
/// [extend](Source::extend) the current chunk does that first: then nothing is lost at its end.
/// What is left of a chunk that was too small for a request is lost until the reset, and is smaller
/// than that request.
///
/// # Invariants
///
/// - The mark lies in the current chunk, or at its end. Each byte below it is in one block, or was
///   skipped or freed; no byte above it is handed out.
/// - A call that fails leaves the mark where it was.
/// - A chunk that a request did not fit into is not tried again before the reset.
///
/// # Complexity
///
/// Constant, but for a new chunk. [`owns`](Self::owns) walks the chunks.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::Linear;
/// use stampool::SystemSource;
///
/// let mut linear = Linear::new(SystemSource);
/// let number = linear.alloc(7_u64)?;
/// let name = linear.alloc_str("seven")?;
/// *number += 1;
/// assert_eq!((*number, &*name), (8, "seven"));
/// let block = linear.allocate(Layout::new::<[u8; 3]>())?;
/// assert_eq!(block.len(), 3);
/// assert_eq!(linear.usage().used_bytes, 8 + 5 + 3);
/// linear.reset();
/// assert_eq!(linear.usage().used_bytes, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// A1, A2: `Bump` hands out each byte between mark and end once, and the chunks stay until `&mut` or
// the drop. A3: the mark moves only in an `Ok`; a new chunk becomes the current one only when it
// has room for the request. A4: a block's extent is its size. A5: `empty`. A6: `Bump::take`.
pub struct Linear<S: Source = DefaultSource> {
    bump: Bump,
    /// Bytes between start and mark of all chunks but the current one.
    older_bytes: Cell<usize>,
    chunks: RefCell<Chunks<S>>,
}

// SAFETY: the mark leads into chunks that this value owns.
unsafe impl<S: Source> Send for Linear<S> {}

impl<S: Source> Linear<S> {
    /// An allocator without a chunk. It obtains one at the first allocation.
    pub const fn new(source: S) -> Self {
        Self::with_first_chunk(source, FIRST_CHUNK_BYTES)
    }

    /// The same, with a first chunk of `bytes`, or of what the first allocation needs if that is
    /// more. As long as the source refuses the chunk, half of it is asked for, down to what the
    /// allocation needs.
    pub const fn with_first_chunk(source: S, bytes: usize) -> Self {
        let chunks = RefCell::new(Chunks::new(source, bytes));
        Self { bump: Bump::empty(), older_bytes: Cell::new(0), chunks }
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
        serve(layout, || self.bump.take(layout), || self.grow_and_take(layout))
    }

    #[cold]
    #[inline(never)]
    fn grow_and_take(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let mut chunks = self.chunks.borrow_mut();
        let older = chunks.newest();
        if let Some(current) = older
            && chunks.extend(self.bump.mark(), layout)
        {
            // SAFETY: the chunk is this value's, and nothing behind the mark is handed out.
            unsafe { self.bump.set(self.bump.mark(), current.end()) };
            return Ok(self.bump.take(layout).expect("the chunk has grown for the request"));
        }
        let chunk = chunks.obtain(layout)?;
        if let Some(older) = older {
            let below = self.bump.mark().addr().get() - older.start().addr().get();
            self.older_bytes.set(self.older_bytes.get() + below);
        }
        // SAFETY: the new chunk is this value's, and nothing in it is handed out.
        unsafe { self.bump.set(chunk.start(), chunk.end()) };
        Ok(self.bump.take(layout).expect("the chunk has room for the request"))
    }

    /// Whether `address` lies in a chunk.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.chunks.borrow().contain(address)
    }

    /// Bytes below the marks, and bytes obtained.
    pub fn usage(&self) -> Usage {
        let chunks = self.chunks.borrow();
        let start = chunks.newest().map_or(self.bump.mark(), |chunk| chunk.start());
        Usage {
            used_bytes: self.older_bytes.get() + self.bump.mark().addr().get() - start.addr().get(),
            live_blocks: None,
            obtained_bytes: chunks.bytes(),
            overhead_bytes: chunks.header_bytes(),
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
        self.older_bytes.set(0);
        self.bump = Bump::empty();
        let chunks = self.chunks.get_mut();
        if let Some(chunk) = chunks.raise_largest() {
            // SAFETY: the chunk is this value's, and nothing in it is handed out any more.
            self.bump = unsafe { Bump::new(chunk.start(), chunk.end()) };
            // SAFETY: the call is by `&mut`, so all blocks are invalid (A1).
            unsafe { chunks.release_between(None) };
        }
    }
}

inherent::member! {
    [S: Source] Linear<S>, blocks of "this allocator": Owner, Reset, Debug("Linear");

    /// Takes a block back. Its memory is free again if it was the last block.
    unsafe deallocate(self, block, layout) = self.bump.give(block, layout.size());

    /// Makes the last block longer where it is.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it is not the last one, or the chunk has no room.
    unsafe grow_in_place(self, block, old, new) = self.bump.grow(block, old, new);

    /// Makes a block shorter where it is. What it leaves is free if it was the last block.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = self.bump.shrink(block, old, new);
}

#[cfg(feature = "std")]
impl Default for Linear {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}
