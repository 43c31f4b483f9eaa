//! The subject of a harness: anything that hands out blocks of one layout to threads.
//!
//! | crate | works on | asks for more by |
//! |---|---|---|
//! | `stress` | pools, and pools with a fault | its `Examined` |
//! | `benches` | pools, and what one would use instead | its `Measured` |
//! | `pool-ops` | pools, and pools with a fault | |
//!
//! A harness is generic over its subject, so each call is resolved when it is compiled, and what a
//! benchmark measures is the subject's own code.

use core::convert::Infallible;
use core::fmt::Display;
use core::mem::MaybeUninit;

use stampool::{AllocError, Block, Checking, Local, Pool, Strategy};

/// Hands out blocks of one layout to threads.
///
/// Blocks keep their address until the subject is dropped.
pub trait Subject {
    /// Why a thread gets no handle, or no block: [`Never`] where it always gets one.
    type Refusal: Display;

    /// One thread's access.
    type Handle<'s>: Handle<Refusal = Self::Refusal>
    where
        Self: 's;

    /// Makes a handle for the calling thread, which leaves when it drops the handle.
    ///
    /// # Errors
    /// The subject has no memory for it.
    fn attach(&self) -> Result<Self::Handle<'_>, Self::Refusal>;
}

/// One thread's access to a [`Subject`].
///
/// Implementations that are measured are `#[inline]`: what they do is measured, not the call.
pub trait Handle {
    /// As that of its subject.
    type Refusal: Display;

    /// Takes a block.
    ///
    /// # Errors
    /// The subject has no memory for it.
    fn allocate(&mut self) -> Result<Block, Self::Refusal>;

    /// Gives a block back.
    ///
    /// # Safety
    /// `block` came from [`allocate`](Self::allocate) of a handle of the same subject, has not been
    /// given back since, and is not used afterwards.
    unsafe fn deallocate(&mut self, block: Block);

    /// Fills `room` with blocks by one call, if the subject has such a call, else by single ones.
    /// False: some could not be had; what `room` then holds is lost.
    fn allocate_many(&mut self, room: &mut [MaybeUninit<Block>]) -> bool {
        room.iter_mut().all(|place| self.allocate().map(|block| place.write(block)).is_ok())
    }

    /// Gives several blocks back by one call, if the subject has such a call, else by single ones.
    ///
    /// # Safety
    /// As [`deallocate`](Self::deallocate), for each of them, and none is there twice.
    unsafe fn deallocate_many(&mut self, blocks: &[Block]) {
        for &block in blocks {
            // SAFETY: by the caller.
            unsafe { self.deallocate(block) };
        }
    }

    /// Runs `f` as if this thread were held up in the middle of an exchange, if the subject can do
    /// that.
    fn linger(&self, f: &mut dyn FnMut()) {
        f();
    }
}

/// The refusal of what never refuses.
pub type Never = Infallible;

/// A subject that can be audited: it says how many blocks there are, and where the free ones are.
pub trait Audited: Subject {
    /// Blocks ever cut from chunks.
    fn carved_blocks(&self) -> usize;

    /// Counts the free blocks one by one, with nobody at work.
    fn idle_blocks(&mut self) -> Idle;
}

/// Where free blocks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// In the caches of forgotten handles.
    pub cached: usize,
    /// Everywhere else.
    pub listed: usize,
}

impl Idle {
    /// All of them.
    #[must_use]
    pub fn blocks(self) -> usize {
        self.cached + self.listed
    }
}

impl<S: Strategy, C: Checking> Subject for Pool<S, C> {
    type Refusal = AllocError;
    type Handle<'s> = Local<'s, S, C>;

    fn attach(&self) -> Result<Local<'_, S, C>, AllocError> {
        self.local()
    }
}

impl<S: Strategy, C: Checking> Handle for Local<'_, S, C> {
    type Refusal = AllocError;

    #[inline(always)]
    fn allocate(&mut self) -> Result<Block, AllocError> {
        Local::allocate(self)
    }

    #[inline(always)]
    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller.
        unsafe { Local::deallocate(self, block) };
    }

    fn allocate_many(&mut self, room: &mut [MaybeUninit<Block>]) -> bool {
        Local::allocate_many(self, room).is_ok()
    }

    unsafe fn deallocate_many(&mut self, blocks: &[Block]) {
        // SAFETY: by the caller.
        unsafe { Local::deallocate_many(self, blocks) };
    }

    fn linger(&self, f: &mut dyn FnMut()) {
        Local::linger(self, f);
    }
}

impl<S: Strategy, C: Checking> Audited for Pool<S, C> {
    fn carved_blocks(&self) -> usize {
        self.stats().carved_blocks
    }

    fn idle_blocks(&mut self) -> Idle {
        let census = self.census();
        let listed = census.free_blocks() - census.cached_blocks;
        Idle { cached: census.cached_blocks, listed }
    }
}
