//! Three allocators, chosen by how long a block will live.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use super::both;
use crate::alloc::{Allocator, BestFit, Bitmap, Linear, Owner, Reset, Usage, inherent};
use crate::error::AllocError;

/// How long a block will live, as its user expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Until the end of a phase: a request, a frame, a pass over the input.
    Short,
    /// For a few phases.
    Medium,
    /// As long as the program, or nearly.
    Long,
}

/// Three allocators for blocks of short, medium and long life, elsewhere called a context allocator.
///
/// A program fragments its memory if blocks of different lives lie side by side: when the short-lived
/// ones are gone, the others keep their neighbourhood from being used as a whole. Here each life has
/// an allocator of its own. [`at`](Self::at) returns the allocator of one lifetime; it has the same
/// type for all three, so the lifetime can be chosen while the program runs, and a container's type
/// does not tell it.
///
/// By default they are a [`Linear`] for short lives, whose memory comes back by
/// [`reset_short`](Self::reset_short), a [`Bitmap`] for medium ones, and a [`BestFit`] for long ones.
/// A block that lives longer or shorter than was expected costs memory, and is no mistake, except
/// that a short-lived one does not outlive `reset_short`.
///
/// # When to take it
///
/// Take it if a program knows about how long its blocks will live, and runs for long. Leave it if all
/// blocks live equally long: then one allocator for that lifetime is enough.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::SystemSource;
/// use stampool::alloc::wrap::{Lifetime, Lifetimes};
/// use stampool::alloc::{BestFit, Bitmap, Linear, Usage};
///
/// let pages = Bitmap::new(256, 1000, SystemSource)?; // 1,000 blocks of 256 bytes
/// let mut heap = Lifetimes::new(Linear::default(), pages, BestFit::default());
/// let token = heap.at(Lifetime::Short).allocate(Layout::new::<[u8; 24]>())?;
/// let symbol = heap.at(Lifetime::Long).allocate(Layout::new::<[u8; 40]>())?;
/// assert!(heap.short().owns(token.cast()) && heap.long().owns(symbol.cast()));
///
/// heap.reset_short(); // `token` is gone, `symbol` is not
/// assert_eq!(heap.short().usage().used_bytes, 0);
/// assert_ne!(heap.long().usage().used_bytes, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lifetimes<A = Linear, B = Bitmap, C = BestFit> {
    short: A,
    medium: B,
    long: C,
}

impl<A, B, C> Lifetimes<A, B, C> {
    /// Serves each lifetime from the allocator that is given for it.
    pub const fn new(short: A, medium: B, long: C) -> Self {
        Self { short, medium, long }
    }

    /// The allocator of blocks that will live so long. A block goes back to the same lifetime.
    pub const fn at(&self, lifetime: Lifetime) -> Lived<'_, A, B, C> {
        match lifetime {
            Lifetime::Short => Lived::Short(&self.short),
            Lifetime::Medium => Lived::Medium(&self.medium),
            Lifetime::Long => Lived::Long(&self.long),
        }
    }

    /// The allocator of short lives.
    pub const fn short(&self) -> &A {
        &self.short
    }

    /// The allocator of medium lives.
    pub const fn medium(&self) -> &B {
        &self.medium
    }

    /// The allocator of long lives.
    pub const fn long(&self) -> &C {
        &self.long
    }
}

impl<A: Reset, B, C> Lifetimes<A, B, C> {
    /// Invalidates the blocks of short life, and no others.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source of these blocks panics in `release`. They are invalid nevertheless.
    pub fn reset_short(&mut self) {
        self.short.reset();
    }
}

impl<A: Owner, B: Owner, C: Owner> Lifetimes<A, B, C> {
    /// The lifetime of the block at `address`, if it is in the memory of one of the three.
    pub fn lifetime_of(&self, address: NonNull<u8>) -> Option<Lifetime> {
        let all = [Lifetime::Short, Lifetime::Medium, Lifetime::Long];
        all.into_iter().find(|lifetime| self.at(*lifetime).owns(address))
    }

    /// The usage of all three together.
    pub fn usage(&self) -> Usage {
        let younger = both::sum(self.short.usage(), self.medium.usage());
        both::sum(younger, self.long.usage())
    }
}

impl<A: Reset, B: Reset, C: Reset> Lifetimes<A, B, C> {
    /// Invalidates the blocks of all three.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If a source panics in `release`. Every block is invalid nevertheless.
    pub fn reset(&mut self) {
        let Self { short, medium, long } = self;
        both::reset_then(short, || both::reset(medium, long));
    }
}

impl<A, B, C> fmt::Debug for Lifetimes<A, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifetimes").finish_non_exhaustive()
    }
}

/// One of the three allocators of [`Lifetimes`].
///
/// Copies are the same allocator: a block that one copy returned may go back through another one of
/// the same variant and the same `Lifetimes`.
// Each call goes to the allocator of the variant, which never changes, so its rules are that one's.
pub enum Lived<'a, A = Linear, B = Bitmap, C = BestFit> {
    /// That of short lives.
    Short(&'a A),
    /// That of medium lives.
    Medium(&'a B),
    /// That of long lives.
    Long(&'a C),
}

/// Calls a method of the allocator in question.
macro_rules! each {
    ($lived:expr, $allocator:ident => $call:expr) => {
        match $lived {
            Lived::Short($allocator) => $call,
            Lived::Medium($allocator) => $call,
            Lived::Long($allocator) => $call,
        }
    };
}

impl<A, B, C> Lived<'_, A, B, C> {
    /// Which of the three it is.
    pub const fn lifetime(&self) -> Lifetime {
        match self {
            Self::Short(_) => Lifetime::Short,
            Self::Medium(_) => Lifetime::Medium,
            Self::Long(_) => Lifetime::Long,
        }
    }
}

impl<A: Allocator, B: Allocator, C: Allocator> Lived<'_, A, B, C> {
    /// Returns a block of `layout`.
    ///
    /// # Errors
    ///
    /// As the allocator of the lifetime.
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        each!(self, allocator => allocator.allocate(layout))
    }
}

impl<A: Owner, B: Owner, C: Owner> Lived<'_, A, B, C> {
    /// Whether `address` lies in a region of the allocator of the lifetime.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        each!(self, allocator => allocator.owns(address))
    }

    /// The usage of the allocator of the lifetime.
    pub fn usage(&self) -> Usage {
        each!(self, allocator => allocator.usage())
    }
}

inherent::member! {
    [A: Allocator, B: Allocator, C: Allocator] Lived<'_, A, B, C>,
    blocks of "the same lifetime and the same `Lifetimes`":
        Owner for [A: Owner, B: Owner, C: Owner];

    /// Gives a block back.
    unsafe deallocate(self, block, layout) =
        each!(self, allocator => allocator.deallocate(block, layout));

    /// Makes a block longer where it is.
    ///
    /// # Errors
    ///
    /// As the allocator of the lifetime.
    unsafe grow_in_place(self, block, old, new) =
        each!(self, allocator => allocator.grow_in_place(block, old, new));

    /// Makes a block shorter where it is.
    ///
    /// # Errors
    ///
    /// As the allocator of the lifetime.
    unsafe shrink_in_place(self, block, old, new) =
        each!(self, allocator => allocator.shrink_in_place(block, old, new));
}

impl<A, B, C> Clone for Lived<'_, A, B, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, B, C> Copy for Lived<'_, A, B, C> {}

impl<A, B, C> fmt::Debug for Lived<'_, A, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lived::{:?}", self.lifetime())
    }
}
