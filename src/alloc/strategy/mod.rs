//! A pool that is told, or finds out from the type, how to place a block.

mod lent;
mod parts;
mod placement;
mod scope;
#[cfg(feature = "std")]
mod threads;
mod typed;

use core::alloc::Layout;
use core::ptr::NonNull;

use self::parts::Parts;
use super::chunks::FIRST_CHUNK_BYTES;
use super::served::Served;
use super::{BestFit, Usage, inherent};
use crate::error::{BuildError, Full};
#[cfg(feature = "std")]
use crate::source::SystemSource;
use crate::source::{DefaultSource, Source};

pub use self::placement::Placement;
pub use self::scope::StrategyScope;
pub use self::typed::{PlacedBox, Places};

/// An allocator for one thread whose blocks are placed as each request says: by best fit, in blocks of
/// one fixed layout, in pools of one size each, or by size in one of these.
///
/// Its parts are a [`BestFit`] heap, which alone has a source, and a
/// [`Blocks`](super::Blocks) for each class of sizes and for the fixed layout. Their chunks are blocks of
/// the heap.
///
/// ```text
/// source --region--> heap (BestFit) --chunk--> classes of 16, 32 .. 1,024 bytes
///                      |            --chunk--> the fixed layout
///                      +------------region---> the heap of a scope, which has such parts again
/// ```
///
/// - [`allocate`](Self::allocate) places a block by its size ([`Placement::Segregated`]);
///   [`allocate_with`](Self::allocate_with) places it as the caller says.
/// - [`alloc_value`](Self::alloc_value) places a value by its type, and returns a box that drops it and
///   frees its block. [`alloc`](Self::alloc) and its namesakes lend a value, as
///   [`Linear`](super::Linear) does, and never drop it.
/// - A block is freed and resized without its placement: the pool looks in whose chunks it lies.
/// - [`scope`](Self::scope) opens a generation of blocks that end together. Within it, blocks are placed
///   and freed in the same ways, and what is freed early is used again at once.
/// - [`reset`](Self::reset) ends all blocks.
///
/// # When to take it
///
/// Take it if one thread has blocks of several kinds that should not lie among each other: many small
/// ones that come and go, values that end with a request, a few large ones. Leave it if one member fits
/// all of them: each part by itself is faster, because a free here first looks where the block lies. Leave
/// it where the heap is small, too: the classes round sizes up to powers of two, and keep their chunks until
/// the reset. The heap trace of a Python program needs 1.7 times its peak, and 1.06 times with [`BestFit`]
/// (`cargo xtask family --full`).
///
/// # Shape
///
/// Each placement says how long a block becomes ([`Placement`]). A type is placed by its size and its drop
/// glue. The fixed part takes it if the value fits into a block and fills more than half of it. A class
/// takes it if it has drop glue and at most 1,024 bytes: such a value is usually dropped by itself, and in
/// a class its block serves the next value in constant time. Everything else goes to the heap, which loses
/// less to rounding: a value without drop glue often stays until its scope ends.
///
/// # Errors
///
/// As the part has them. `Segregated` asks the heap if a class has no memory, so it refuses only if the heap
/// refuses too. The other placements ask nobody else: their caller has chosen.
///
/// # Scopes
///
/// A scope has parts of its own, whose memory comes from the pool's heap and goes back when the scope
/// closes. So the pool, an outer scope and an inner one may allocate at the same time, and in each of them
/// blocks are freed in any order. A scope runs no destructors. A value in a box is dropped before, for the
/// box borrows the scope; one that was lent is never dropped. A scope that is forgotten leaves its memory
/// taken until the pool is reset or dropped.
///
/// # Threads
///
/// The pool is for one thread. Threads share one behind a [`Locked`](super::wrap::Locked), whose
/// blocks are placed through the trait [`Places`]. A [`Counted`](super::wrap::Counted) around that counts
/// in a record for each thread, and adds the records up on demand. Scopes are for one thread, and are not
/// reached through the lock.
///
/// # Complexity
///
/// An allocation takes constant time in the fixed part and in a class, unless the part needs a chunk, and
/// in the heap what [`BestFit`] says. A free looks at the chunks of the fixed part and of one class, which
/// are few because they double, and then takes what the part takes. Opening a scope takes constant time, and
/// 1.3 KiB of the thread's stack; its first block takes a region of 4 KiB from the pool's heap.
/// Closing it frees its regions. [`usage`](Self::usage) walks all free blocks.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::SystemSource;
/// use stampool::alloc::{Placement, StrategyPool};
///
/// let mut pool = StrategyPool::new(SystemSource).with_fixed(Layout::new::<[u64; 6]>())?;
/// let node = pool.allocate_with(Layout::new::<[u64; 5]>(), Placement::Fixed)?;
/// assert_eq!(node.len(), 48);
///
/// let name = pool.alloc_value(String::from("kept"))?; // has drop glue: a class serves it
/// let sum = pool.scope(|scope| {
///     let early = scope.alloc_value([7_u64; 100])?;
///     let sum: u64 = early.iter().sum();
///     drop(early); // its memory serves the next block of this scope
///     scope.alloc_str("ends with the scope")?;
///     Ok::<_, Box<dyn std::error::Error>>(sum)
/// })?;
/// assert_eq!((sum, name.as_str()), (700, "kept"));
///
/// drop(name);
/// pool.reset();
/// assert_eq!(pool.usage().used_bytes, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// A1, A2: a block is one of the parts', which keep the rules; their chunks are blocks of the heap, which
// stay until all of its blocks end. A3: a part takes a chunk only for a block that it then serves. A4: each
// part keeps it, and the class of a layout is the same for all sizes that fit a block. A5: `empty_block`.
// A6: that of the parts, whose chunks come from a heap that keeps it. A7: the part's reason.
pub struct StrategyPool<S: Source = DefaultSource>(Parts<S>);

impl<S: Source> StrategyPool<S> {
    /// A pool without a region. It obtains one at the first allocation.
    pub fn new(source: S) -> Self {
        Self::with_first_chunk(source, FIRST_CHUNK_BYTES)
    }

    /// The same, with a first region of `bytes`, or of what the first allocation needs if that is more.
    /// As long as the source refuses the region, half of it is asked for, down to what the allocation
    /// needs.
    pub fn with_first_chunk(source: S, bytes: usize) -> Self {
        Self(Parts::new(BestFit::with_first_chunk(source, bytes)))
    }

    /// The same pool, with a part for blocks of `layout`, which is what [`Placement::Fixed`] names.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroSize`]; [`BuildError::BlockTooLarge`] if no chunk can hold a block;
    /// [`BuildError::Alignment`] if it is aligned to more than 2^29.
    ///
    /// # Panics
    ///
    /// If the pool has a fixed part already: its blocks might be live.
    pub fn with_fixed(mut self, layout: Layout) -> Result<Self, BuildError> {
        self.0.set_fixed(layout)?;
        Ok(self)
    }

    /// Returns a block of `layout`, placed by its size: [`Placement::Segregated`].
    ///
    /// # Errors
    ///
    /// As [`BestFit::allocate`](super::FreeRanges::allocate).
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Served {
        self.place(layout, Placement::Segregated)
    }

    fn place(&self, layout: Layout, placement: Placement) -> Served {
        self.0.allocate_with(layout, placement)
    }

    /// Whether `address` lies in a region of the heap, of which the chunks of the other parts are pieces.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    /// Bytes of the live blocks, and bytes obtained. A region of an open scope is in use as a whole.
    pub fn usage(&self) -> Usage {
        self.0.usage()
    }

    /// Invalidates all blocks, also those of scopes that were forgotten. The largest region stays; the
    /// others go back to the source.
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

/// The calls that choose a part, as inherent methods and as those of [`Places`].
macro_rules! places {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $type {
            /// Returns a block of `layout`, from the part that `placement` names.
            ///
            /// # Errors
            ///
            /// As that part; [`AllocError::Unsupported`](crate::alloc::AllocError::Unsupported) if it
            /// never serves such a layout, or if the pool has no fixed part.
            #[inline]
            pub fn allocate_with(&self, layout: Layout, placement: Placement) -> Served {
                self.place(layout, placement)
            }

            /// Where [`alloc_value`](Self::alloc_value) places a value of this type.
            pub fn placement_of<T>(&self) -> Placement {
                self.0.placement_for(Layout::new::<T>(), core::mem::needs_drop::<T>())
            }

            /// Moves `value` into a block that is placed by the type. The box drops the value and frees
            /// the block.
            ///
            /// # Errors
            ///
            /// The value, and the reason as [`allocate_with`](Self::allocate_with) has it.
            #[inline]
            pub fn alloc_value<T>(&self, value: T) -> Result<PlacedBox<'_, T, Self>, Full<T>> {
                PlacedBox::new(value, self)
            }
        }

        // SAFETY: a block is one of the parts', whichever part was asked.
        unsafe impl<$($generics)*> Places for $type {
            fn allocate_with(&self, layout: Layout, placement: Placement) -> Served {
                self.place(layout, placement)
            }

            fn placement_for(&self, layout: Layout, drops: bool) -> Placement {
                self.0.placement_for(layout, drops)
            }
        }
    };
}

/// The calls that open a scope on the pool's parts.
macro_rules! opens {
    ([$($generics:tt)*] $type:ty: $self:ident => $pool:expr) => {
        impl<$($generics)*> $type {
            /// Runs `f` with a scope, and closes it when `f` returns or unwinds.
            pub fn scope<R>(&self, f: impl FnOnce(&StrategyScope<'_, S>) -> R) -> R {
                f(&self.open())
            }

            /// Opens a scope that closes when it is dropped.
            pub fn open(&$self) -> StrategyScope<'_, S> {
                StrategyScope::new($pool)
            }
        }
    };
}

places! { [S: Source] StrategyPool<S> }
places! { [S: Source] StrategyScope<'_, S> }
opens! { [S: Source] StrategyPool<S>: self => &self.0 }
opens! { [S: Source] StrategyScope<'_, S>: self => self.1 }

inherent::member! {
    [S: Source] StrategyPool<S>, blocks of "this allocator": Owner, Reset, Debug("StrategyPool");

    /// Gives a block back to the part that it came from.
    unsafe deallocate(self, block, layout) = self.0.deallocate(block, layout);

    /// Makes a block longer where it is, as its part does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`](crate::alloc::AllocError::NotInPlace) if its part does not.
    unsafe grow_in_place(self, block, old, new) = self.0.grow_in_place(block, old, new);

    /// Makes a block shorter where it is, as its part does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`](crate::alloc::AllocError::NotInPlace) if its part does not, if no
    /// bytes would be left, or if a smaller class serves the new layout.
    unsafe shrink_in_place(self, block, old, new) = self.0.shrink_in_place(block, old, new);
}

#[cfg(feature = "std")]
impl Default for StrategyPool<SystemSource> {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}
