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
//! # Who may change a word
//!
//! Only the owner of a block changes its word. It uses a load and a store when the block moves
//! between a cache and a user, and an RMW when the block moves between a cache and a magazine. So a
//! free that comes after an earlier free of the block finds a word that is not live, until the pool
//! hands the block out again.
//!
//! # What is detected later, or not at all
//!
//! Two frees of one block that race may both find the block live. Then the block lies in two
//! caches, and its word names one of the two slots. The pool finds the copy in the other cache when
//! it leaves that cache: at a pop or at a flush, or at the refill that brings it to another cache.
//! If both copies come together in one cache, they are found once both have left it. The pool does
//! not detect two pops from two caches if neither thread sees the other's store yet.

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

/// How a pool detects misuse. The trait is sealed: [`Unchecked`], [`Checked`] and [`Hardened`]
/// implement it.
pub trait Checking: Checks {}

impl<C: Checks> Checking for C {}

/// What a pool keeps to detect misuse of its blocks, shared by all handles.
///
/// The functions on blocks read and write the words of the pool, and in a hardened pool the blocks
/// themselves. They rely on their arguments: this value has made `state` for the calling handle,
/// and `slot` is the address for which it was made. The contract of each function says what it asks
/// of the block.
pub trait Checks: sealed::Sealed + Send + Sync + Sized + 'static {
    /// Its name in [`Stats`](crate::Stats).
    const NAME: &'static str;

    /// Whether the pool checks anything.
    const CHECKS: bool;

    /// The number of freed blocks that a handle holds back.
    const QUARANTINE: usize;

    /// The most blocks that a chunk may have.
    const CHUNK_LIMIT: usize;

    /// What a handle keeps to check its blocks. Any thread may use it, one at a time.
    type State;

    /// Makes the checking of a pool. With `zero`, a hardened pool fills freed blocks with zeros
    /// instead of the pattern.
    fn new(pool: PoolId, blocks: BlockLayout, zero: bool) -> Self;

    /// Makes the state of a handle whose slot has this address.
    fn check_state(&self, slot: usize) -> Self::State;

    /// The layout of what a chunk needs beside its blocks, or `None` if it overflows or if there
    /// are more than [`CHUNK_LIMIT`](Self::CHUNK_LIMIT) blocks.
    fn room(blocks: usize) -> Option<Layout>;

    /// Registers a chunk.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock, and no thread has a block of the chunk yet. `room` has the
    /// layout that [`room`](Self::room) returns. The room and the blocks live until `self` is
    /// dropped.
    unsafe fn add_chunk(&self, room: NonNull<u8>, first: NonNull<u8>, blocks: usize);

    /// Makes freshly carved blocks ready, and puts them in the order in which they will be used.
    ///
    /// # Safety
    ///
    /// The caller owns the blocks, which are of a chunk that was added.
    unsafe fn carved(&self, blocks: &mut [Block]);

    /// Makes a cached block live, in the common case. `slot` is the address of the state's slot. If
    /// this returns false, nothing has changed, and the caller calls
    /// [`verify_alloc`](Self::verify_alloc).
    ///
    /// # Safety
    ///
    /// This value has made `state`, for the slot at `slot`. The caller has just taken `block` out
    /// of the cache or the quarantine of that slot.
    unsafe fn hand_out(&self, state: &Self::State, slot: usize, block: Block) -> bool;

    /// As [`hand_out`](Self::hand_out), in all cases.
    ///
    /// # Errors
    ///
    /// How the block was misused.
    ///
    /// # Safety
    ///
    /// As [`hand_out`](Self::hand_out).
    unsafe fn verify_alloc(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;

    /// Makes a live block cached, in the common case. If this returns false, nothing has changed,
    /// and the caller calls [`verify_free`](Self::verify_free).
    ///
    /// # Safety
    ///
    /// This value has made `state`, for the slot at `slot`. If `block` is a live block of the pool,
    /// nobody uses its bytes any more.
    unsafe fn take_in(&self, state: &Self::State, slot: usize, block: Block) -> bool;

    /// As [`take_in`](Self::take_in), in all cases and for any pointer.
    ///
    /// # Errors
    ///
    /// How the free is a misuse. Nothing has changed.
    ///
    /// # Safety
    ///
    /// As [`take_in`](Self::take_in).
    unsafe fn verify_free(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;

    /// Marks a cached block as in a magazine.
    ///
    /// # Errors
    ///
    /// The word says that the block is elsewhere: two threads freed it at one time.
    ///
    /// # Safety
    ///
    /// This value has made `state`, and `block` lies in the cache of the state's slot.
    unsafe fn leaves_cache(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;

    /// Marks a block from a magazine, or a fresh block, as cached.
    ///
    /// # Errors
    ///
    /// The word says that the block is elsewhere: two threads freed it at one time.
    ///
    /// # Safety
    ///
    /// This value has made `state`, and `block` has just come into the cache of the state's slot.
    unsafe fn enters_cache(&self, state: &Self::State, block: Block) -> Result<(), Misuse>;
}

/// The pool checks nothing, and relies on the caller to keep the contract of `deallocate`. The
/// default.
#[derive(Clone, Copy, Debug)]
pub struct Unchecked;

impl Checks for Unchecked {
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
    unsafe fn hand_out(&self, _state: &(), _slot: usize, _block: Block) -> bool {
        true
    }

    unsafe fn verify_alloc(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }

    #[inline(always)]
    unsafe fn take_in(&self, _state: &(), _slot: usize, _block: Block) -> bool {
        true
    }

    unsafe fn verify_free(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }

    unsafe fn leaves_cache(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }

    unsafe fn enters_cache(&self, _state: &(), _block: Block) -> Result<(), Misuse> {
        Ok(())
    }
}

mod sealed {
    /// Pools rely on what an implementation returns, so other crates cannot implement the trait.
    pub trait Sealed {}

    impl Sealed for super::Unchecked {}
}
