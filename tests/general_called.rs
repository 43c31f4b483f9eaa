//! `Stampool` as an allocator that a program calls, and not as its own: the kept faults ask which of them
//! is chosen, and that takes memory.

#[path = "general/blocks.rs"]
mod blocks;

use stampool::general::Stampool;

static ALLOCATOR: Stampool = Stampool;
