//! Sources on the system's mappings: what the kernel says about them, and what they do with bad
//! input.

mod arena;
mod bad_input;
#[path = "../common/mod.rs"]
mod common;
mod mapped;
mod members;
mod numa;
mod proc;
mod reserved;
