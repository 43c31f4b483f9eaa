//! What threads pass on.

use crossbeam_queue::ArrayQueue;

use crate::worker::Block;

/// Blocks that travel together.
pub(super) type Parcels = ArrayQueue<Vec<Block>>;
