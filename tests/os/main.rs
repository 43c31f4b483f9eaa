//! Sources on the system's mappings: what the kernel says about them, and what they do with bad
//! input.

#[allow(dead_code, unreachable_pub, reason = "a part of it is used")]
#[path = "../common/forks.rs"]
mod forks;

mod bad_input;
mod mapped;
mod members;
mod numa;
mod proc;
mod reserved;
