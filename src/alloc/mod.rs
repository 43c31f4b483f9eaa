//! A family of small allocators that share the trait [`Allocator`] and compose.
//!
//! A member obtains regions from a [`Source`](crate::Source) and hands out blocks through
//! [`Allocator`]. The pools of this crate's root serve blocks of one layout to many threads; the
//! members here serve blocks of any layout, or keep to one thread and so need no atomic at all; many
//! do both. The chapter [`family`](crate::docs::family) says which member to take.
//!
//! Every member but [`Shared`](wrap::Shared) has inherent methods with the names of the methods of
//! [`Allocator`], and of [`Owner`] and [`Reset`] if it implements these, so a caller needs no import
//! for them. `&T` of each member also implements the `Allocator` of the crate `allocator-api2`, if the
//! feature of that version is on. Containers come that way: [`adapt`](crate::adapt) has an example. The
//! members that bump a mark also lend single values, slices and texts, by
//! [`alloc`](Linear::alloc), [`alloc_slice_copy`](Linear::alloc_slice_copy) and
//! [`alloc_str`](Linear::alloc_str).
//!
//! # The contract
//!
//! These are the rules of the `Allocator` that Rust's standard library is stabilising, with names.
//! `SAFETY` comments and the [conformance kit](conformance) cite them. A block is *live* from the
//! `Ok` that returned it until the first of these:
//!
//! - it is given back;
//! - a call that moves it returns an `Ok`;
//! - the allocator is dropped. Some allocators only lead to another one that holds the memory: a
//!   reference `&A`, a [`Run`], a [`Leased`](wrap::Leased), a [`CountedThread`](wrap::CountedThread), a
//!   [`Lived`](wrap::Lived), a clone of a [`Shared`](wrap::Shared), a [`PoolAllocator`]. Their drop ends
//!   no block; that of the allocator behind them does. The drop of a [`Scope`] or a [`StrategyScope`] ends its
//!   blocks;
//! - the allocator is used by `&mut`, unless the call's documentation says that blocks stay (opening a
//!   scope of a [`Stack`]);
//! - a lifetime in the allocator's type ends.
//!
//! The rules:
//!
//! - **A1, valid.** A block is at least as long as its layout says, and aligned as it says; one that
//!   was asked for as zeroed is zero. A live block is valid for reads and writes of its whole length,
//!   and disjoint from other live blocks and from the allocator's own data. A block that moves takes
//!   its bytes along.
//! - **A2, stable.** No call by `&self` invalidates another live block, and moving the allocator's
//!   value invalidates none. So no member stores blocks inside its own value.
//! - **A3, failure changes nothing.** After an `Err` the block, its bytes, all other blocks and the
//!   allocator's [`Usage`] are as they were before.
//! - **A4, fit.** The layout that is passed back with a block has the alignment with which the block
//!   was last requested. Its size may be any size from the requested one to the returned length, and
//!   it makes no difference which.
//! - **A5, size zero.** The result is aligned and not null, and takes no memory.
//! - **A6, no surprise.** The end of a block does not wrap around the address space. No call unwinds,
//!   with three exceptions. The source panics, or gives memory that the allocator has already (see
//!   [`Source`](crate::Source)). The topology of a pool panics. A checked pool or a
//!   [`Checked`](wrap::Checked) allocator reports a call that breaks the contract.
//! - **A7, the reason is true.** An error says why: [`OutOfMemory`](AllocError::OutOfMemory) if the
//!   source gave none, [`Capacity`](AllocError::Capacity) if the allocator is at a limit of its
//!   own, [`Unsupported`](AllocError::Unsupported) if it never serves such a layout, whatever is
//!   freed, [`NotInPlace`](AllocError::NotInPlace) if the block would have to move, which only the
//!   two calls for resizing in place say, [`MisalignedSource`](AllocError::MisalignedSource) if the
//!   source gave a region that is not aligned, [`Sealed`](AllocError::Sealed) if a scope of the
//!   stack is open or the pool is sealed. A pool also answers
//!   [`TagsExhausted`](AllocError::TagsExhausted) and
//!   [`MagazinesExhausted`](AllocError::MagazinesExhausted), whose documentation says when.
//!
//! An allocator of another crate behind an [adaptor](crate::adapt) keeps what the trait of that crate
//! promises. So each of its failures counts as `OutOfMemory` (A7), it may unwind if its trait allows
//! that (A6), and the length that it returns may depend on the size that is passed back (A4).

mod allocator;
#[cfg(feature = "std")]
mod atomic_bump;
mod bit_set;
mod bitmap;
mod blocks;
mod buddy;
mod bump;
mod chunks;
mod disjoint;
mod empty;
mod fixed;
mod forward;
mod free_ranges;
mod inherent;
mod linear;
mod octaves;
mod one_layout;
mod owner;
#[cfg(feature = "std")]
mod pools;
mod provenance;
mod region;
mod served;
mod sign_post;
#[cfg(feature = "std")]
pub(crate) mod size_class;
#[cfg(feature = "std")]
mod slab;
mod stack;
mod strategy;
mod typed;
mod unwind;
mod usage;

#[cfg(feature = "std")]
pub mod conformance;
pub mod wrap;

pub use allocator::Allocator;
pub use bitmap::{Bitmap, Fit};
pub use blocks::Blocks;
pub use buddy::Buddy;
pub(crate) use empty::empty as empty_block;
#[cfg(feature = "std")]
pub use fixed::AsyncStatic;
pub use fixed::Static;
pub use free_ranges::{BestFit, Bins, FreeRanges, GoodFit, Index, Trees};
pub use linear::Linear;
#[cfg(feature = "std")]
pub use linear::{AsyncLinear, Run};
pub use owner::{Contiguous, Owner, Reset};
#[cfg(feature = "std")]
pub use pools::{BlockPool, PoolAllocator};
pub use sign_post::SignPost;
#[cfg(feature = "std")]
pub use slab::{SlabArena, SlabArenaBuilder, SlabClass, SlabStats};
pub use stack::{Scope, Stack};
pub use strategy::{PlacedBox, Placement, Places, StrategyPool, StrategyScope};
pub use usage::Usage;

pub use crate::error::{AllocError, BuildError};
