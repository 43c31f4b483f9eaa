//! Detection of misuse: blocks that are freed twice, foreign blocks, writes after a free.
//!
//! A pool's second type parameter says how much the pool checks ([`Checking`]). [`Unchecked`] keeps
//! nothing and costs nothing. [`Checked`] keeps a word for each block in the block's chunk, out of
//! reach of the block's users, and compares it whenever the block changes hands. [`Hardened`] does
//! the same, fills freed blocks with a pattern, and compares the pattern before it hands a block
//! out again.
//!
//! [`batch_leaves_cache`] and [`batch_enters_cache`] check the blocks that a flush or a refill
//! moves.
//!
//! # States
//!
//! | state | the block is | becomes |
//! |---|---|---|
//! | fresh | carved or not yet, never in a cache | cached, by a refill |
//! | cached, by slot s | in the cache or the quarantine of slot s | live, by an allocation; in a magazine, by a flush |
//! | live | in a user's hands | cached, by a free |
//! | in a magazine | in a magazine, or on the way to one | cached, by a refill |
//!
//! # Who may touch what
//!
//! The owner of a block may change its word: plainly (a load and a store) where it goes between a
//! cache and its user, by an RMW where it goes between a cache and a magazine. A free by a thread
//! that does not have the block finds a state that is not live, if the free or the hand-over before
//! it happened before.
//!
//! # What is not seen at once
//!
//! Two frees of one block that truly race may both find it live. Then it lies in two caches, and
//! its word names one of the slots. The copy in the other one is found when it leaves the cache: a
//! pop, a flush, a refill. Where both copies come together in one cache they are found when both
//! are out at one time. What remains: two pops from two caches, neither of which sees the other's
//! store yet.

mod batch;
mod exact;
mod known;
mod misuse;
mod poison;
mod shadow;
mod tracked;

use core::alloc::Layout;
use core::ptr::NonNull;

pub use batch::{batch_enters_cache, batch_leaves_cache};
pub use misuse::Misuse;
pub use tracked::{Checked, Hardened, Tracked};

use crate::block::{Block, BlockLayout};
use crate::sync::PoolId;

/// What a pool knows of its blocks, for all handles.
///
/// The trait is sealed: [`Unchecked`], [`Checked`] and [`Hardened`] implement it.
pub trait Checking: sealed::Sealed + Send + Sync + Sized + 'static {
    /// Its name in [`Stats`](crate::Stats).
    const NAME: &'static str;

    /// Whether the pool checks anything.
    const CHECKS: bool;

    /// Blocks that a handle keeps back from reuse.
    const QUARANTINE: usize;

    /// The most blocks that a chunk may have.
    const CHUNK_LIMIT: usize;

    /// What a handle holds.
    type State;

    /// For a pool of such blocks. `zero`: what is freed is filled with zeros, where it is filled.
    fn new(pool: PoolId, blocks: BlockLayout, zero: bool) -> Self;

    /// What a handle at this slot holds.
    fn check_state(&self, slot: usize) -> Self::State;

    /// Room that a chunk needs beside its blocks, or `None` where it overflows, or where there are
    /// more than [`CHUNK_LIMIT`](Self::CHUNK_LIMIT).
    fn room(blocks: usize) -> Option<Layout>;

    /// Registers a chunk.
    ///
    /// # Safety
    ///
    /// Under the growth lock, before any of its blocks is known to anyone. `room` is of the layout
    /// that [`room`](Self::room) names; it and the blocks live until `self` is dropped.
    unsafe fn add_chunk(&self, room: NonNull<u8>, first: NonNull<u8>, blocks: usize);

    /// Makes freshly carved blocks ready, and puts them in the order in which they will be used.
    ///
    /// # Safety
    ///
    /// They are of a chunk that was added, and in no other owner's hands.
    unsafe fn carved(&self, blocks: &mut [Block]);

    /// A cached block becomes live. `slot` is the address of the state's slot. `false` means that
    /// nothing has changed, and the caller calls [`verify_alloc`](Self::verify_alloc).
    fn hand_out(&self, state: &Self::State, slot: usize, block: Block) -> bool;

    /// As [`hand_out`](Self::hand_out), wherever the block is.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn verify_alloc(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;

    /// A live block becomes cached. `false` means that nothing has changed, and the caller calls
    /// [`verify_free`](Self::verify_free).
    fn take_in(&self, state: &Self::State, slot: usize, block: Block) -> bool;

    /// As [`take_in`](Self::take_in), for any pointer.
    ///
    /// # Errors
    ///
    /// What the pointer is instead. Nothing has changed.
    fn verify_free(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;

    /// A cached block goes to a magazine.
    ///
    /// # Errors
    ///
    /// What is wrong with it: it belongs to another thread.
    fn leaves_cache(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;

    /// A block from a magazine, or a fresh one, becomes cached.
    ///
    /// # Errors
    ///
    /// What is wrong with it: it belongs to another thread.
    fn enters_cache(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;
}

/// The pool checks nothing: the caller alone keeps the contract of `deallocate`. The default.
#[derive(Clone, Copy, Debug)]
pub struct Unchecked;

impl Checking for Unchecked {
    const NAME: &'static str = "off";
    const CHECKS: bool = false;
    const QUARANTINE: usize = 0;
    const CHUNK_LIMIT: usize = usize::MAX;
    type State = ();

    fn new(_pool: PoolId, _blocks: BlockLayout, _zero: bool) -> Self {
        Self
    }

    fn check_state(&self, _slot: usize) {}

    fn room(_blocks: usize) -> Option<Layout> {
        Some(Layout::new::<()>())
    }

    unsafe fn add_chunk(&self, _room: NonNull<u8>, _first: NonNull<u8>, _blocks: usize) {}

    unsafe fn carved(&self, _blocks: &mut [Block]) {}

    #[inline(always)]
    fn hand_out(&self, _state: &(), _slot: usize, _block: Block) -> bool {
        true
    }

    fn verify_alloc(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }

    #[inline(always)]
    fn take_in(&self, _state: &(), _slot: usize, _block: Block) -> bool {
        true
    }

    fn verify_free(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }

    fn leaves_cache(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }

    fn enters_cache(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }
}

mod sealed {
    /// Pools trust what an implementation says, so there is none elsewhere.
    pub trait Sealed {}

    impl Sealed for super::Unchecked {}
}
