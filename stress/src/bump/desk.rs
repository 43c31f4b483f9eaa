//! What the threads of one round share.

use std::sync::Mutex;

use super::Shared;
use super::block::Block;

/// The allocator, and blocks on their way from one thread to another.
pub(super) struct Desk<'a> {
    pub(super) subject: &'a dyn Shared,
    pub(super) bucket: Mutex<Vec<Block>>,
}
