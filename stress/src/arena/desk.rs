//! What the threads of a round share.

use std::sync::{Barrier, Mutex};

use stampool::alloc::SlabArena;

use crate::bump::Block;

/// What the threads of a round share.
pub(super) struct Desk<'a> {
    /// How many they are.
    pub(super) threads: usize,
    pub(super) arena: &'a SlabArena,
    /// Blocks that are left to other threads.
    pub(super) bucket: Mutex<Vec<Block>>,
    pub(super) barrier: Barrier,
}
