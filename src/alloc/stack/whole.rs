//! The stack itself.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::state::StackState;
use crate::alloc::chunks::FIRST_CHUNK_BYTES;
use crate::alloc::{Usage, inherent};
use crate::error::AllocError;
#[cfg(feature = "std")]
use crate::source::SystemSource;
use crate::source::{DefaultSource, Source};

/// A stack allocator for one thread: a linear allocator that takes frees in any order, and has
/// scopes.
///
/// Like [`Linear`](crate::alloc::Linear) it moves a mark through chunks. A block that is freed while
/// others lie above it waits in a list of freed ranges, whose links lie in the ranges themselves.
/// As soon as everything above is free, the mark moves below it. So nothing is in use once all
/// blocks are freed, whatever the order.
///
/// ```text
///                     freed        mark --v            v-- end
/// | header | block | ( range ) | block    |    free    |
/// ```
///
/// A *scope* is a handle that allocates above everything that exists when it is opened. When it
/// closes, the mark goes back to where it was: all blocks of the scope are gone. There are three
/// ways to open one:
///
/// - [`scope`](Self::scope) runs a closure; the scope closes when it returns or unwinds;
/// - [`open`](Self::open) returns a guard, and borrows the parent until the guard is dropped;
/// - [`enter`](Self::enter) returns a guard as well, but borrows the parent only by `&`, so
///   containers that use the parent may stay. While the guard exists the parent answers
///   [`Sealed`](AllocError::Sealed) to every request with bytes; frees still work. A container of the
///   parent that has to grow meanwhile fails as if memory had run out, so a `Vec` ends the process:
///   reserve its capacity before, or use `try_reserve`.
///
/// Opening a scope does not invalidate the parent's blocks, though two of the calls are by `&mut`.
/// A parent's block may not be given back to a scope, or grown there: it is a block of another
/// allocator.
///
/// # When to take it
///
/// Take it if blocks end with the function that made them, or are freed in about the reverse order of
/// their allocation. Leave it if blocks live on while older and newer ones are freed: a freed range below
/// a live block cannot be used again. Where nothing is freed before the end, a
/// [`Linear`](crate::alloc::Linear) costs less.
///
/// A scope with one allocation takes 47 instructions, more than twice the 20 of bump-scope's: it
/// saves the parent's floor and raises the depth of scopes, and its end restores both and looks
/// whether a block below was freed meanwhile (`papers/allocators.md`).
///
/// # Shape
///
/// Sizes are rounded up to multiples of 16, and a block is that long. Chunks are those of
/// [`Linear`](crate::alloc::Linear), but one that becomes empty is used again, or kept as a spare.
/// Spare chunks go back to the source when the stack grows, at a reset, and at most ends of scopes; never
/// while a block is freed or resized in place.
///
/// # Invariants
///
/// - A byte of a chunk is above the mark, or in a freed range, or in one live block.
/// - A chunk with a live block does not go back to the source.
/// - A call that fails changes nothing.
/// - What lies below the floor of an open scope, and was allocated before the scope was opened, neither
///   moves nor grows into it.
///
/// # Complexity
///
/// An allocation is constant, but for a new chunk. A free in the current chunk is constant in the order
/// of a stack and in the order of a queue; in any other order it walks the freed ranges that lie higher
/// in the chunk. A free of a block in an older chunk also walks the chunks, and so does a call that
/// resizes it there. [`owns`](Self::owns) walks the chunks. So does [`usage`](Self::usage), which, while
/// a scope is open, also walks for each of them the chunks that are older than the scope. There are few
/// chunks, because they double up to 64 MiB.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::Stack;
/// use stampool::SystemSource;
///
/// let mut stack = Stack::new(SystemSource);
/// let kept = stack.allocate(Layout::new::<u64>()).expect("memory");
/// let used = stack.usage().used_bytes;
/// stack.scope(|scope| {
///     let scratch = scope.allocate(Layout::new::<[u64; 100]>()).expect("memory");
///     // SAFETY: the block is live until the scope ends.
///     unsafe { scratch.cast::<u64>().write(7) };
/// });
/// assert_eq!(stack.usage().used_bytes, used);
/// # _ = kept;
/// ```
// A1, A2: a byte is above the mark, in a freed range, or in one live block; chunks with live blocks
// stay. A3: `allocate` changes nothing before the chunk that has room is there. A4: a block's extent
// is its size rounded up. A5: `empty`. A6: `rounded`, and the comparison with what remains.
pub struct Stack<S: Source = DefaultSource>(StackState<S>);

// SAFETY: all pointers lead into chunks that this value owns.
unsafe impl<S: Source> Send for Stack<S> {}

impl<S: Source> Stack<S> {
    /// A stack without a chunk. It obtains one at the first allocation.
    pub const fn new(source: S) -> Self {
        Self::with_first_chunk(source, FIRST_CHUNK_BYTES)
    }

    /// The same, with a first chunk of `bytes`, or of what the first allocation needs if that is
    /// more. As long as the source refuses the chunk, half of it is asked for, down to what the
    /// allocation needs.
    pub const fn with_first_chunk(source: S, bytes: usize) -> Self {
        Self(StackState::new(source, bytes))
    }

    pub(super) const fn state(&self) -> &StackState<S> {
        &self.0
    }

    /// Returns a block of `layout`.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] or [`AllocError::MisalignedSource`] from the source;
    /// [`AllocError::Unsupported`] if no chunk can be that large, or the source has
    /// none that is aligned to 16 bytes; [`AllocError::Sealed`] while a
    /// scope is open.
    #[inline(always)]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate(0, layout)
    }

    /// Whether `address` lies in a chunk.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    /// Bytes below the marks, and bytes obtained.
    pub fn usage(&self) -> Usage {
        self.0.usage()
    }

    /// Invalidates all blocks, also those of scopes that were forgotten. The largest chunk stays;
    /// the others go back to the source.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All that was said here is done nevertheless.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

inherent::member! {
    [S: Source] Stack<S>, blocks of "this allocator, not of a scope": Owner, Reset, Debug("Stack");

    /// Takes a block back. Its memory is free again once everything above it is free.
    unsafe deallocate(self, block, layout) = self.0.deallocate(block, layout.size());

    /// Makes a block longer where it is: up to the next multiple of 16, or further if it is the
    /// last one.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] otherwise.
    unsafe grow_in_place(self, block, old, new) = self.0.grow_in_place(0, block, old, new);

    /// Makes a block shorter where it is, and takes what it leaves as freed.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the block is not aligned as `new` asks.
    unsafe shrink_in_place(self, block, old, new) = self.0.shrink_in_place(block, old, new);
}

#[cfg(feature = "std")]
impl Default for Stack {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}
