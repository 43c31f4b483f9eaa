//! The part of an object pool that its handles know: the blocks, and what happens to the values in
//! them. It does not know how a value is made.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::blocks::Blocks;
use super::kept::Kept;
use super::settings::{LivePolicy, Reset};
use crate::free_list::Strategy;
use crate::sync::panicking;

/// The blocks of an object pool.
pub(super) struct Objects<T, S: Strategy> {
    /// `drop` drops it or leaks it.
    pub(super) blocks: ManuallyDrop<Blocks<S>>,
    /// `Some` in a pool that keeps its values.
    pub(super) reset: Option<Reset<T>>,
    pub(super) when_dropped: LivePolicy,
    pub(super) _values: PhantomData<T>,
}

/// Ends a pool's blocks when it is dropped.
struct BlocksEnd<S: Strategy> {
    blocks: Option<Blocks<S>>,
    /// Whether the memory is leaked, because users have objects in it.
    is_abandoned: bool,
}

impl<S: Strategy> Drop for BlocksEnd<S> {
    fn drop(&mut self) {
        if let Some(blocks) = self.blocks.take()
            && self.is_abandoned
        {
            blocks.abandon();
        }
    }
}

impl<T, S: Strategy> Drop for Objects<T, S> {
    fn drop(&mut self) {
        let live = match self.when_dropped {
            LivePolicy::Free => 0,
            LivePolicy::KeepMemory | LivePolicy::Panic => self.blocks.live(),
        };
        // SAFETY: not used again.
        let blocks = unsafe { ManuallyDrop::take(&mut self.blocks) };
        // Ends the blocks after the values, also if the destructor of a value panics.
        let mut end = BlocksEnd { blocks: Some(blocks), is_abandoned: live > 0 };
        if let (Some(blocks), Some(_)) = (&mut end.blocks, &self.reset) {
            // SAFETY: the pool is being dropped, and `end_blocks` passes each block once.
            blocks.pool_mut().end_blocks(|block| unsafe { Kept::<T>::end(block) });
        }
        drop(end);
        if live > 0 && self.when_dropped == LivePolicy::Panic && !panicking() {
            panic!("an ObjectPool was dropped while {live} of its objects were live");
        }
    }
}
