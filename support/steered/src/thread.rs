//! Threads are std's; a thread that yields [gives way](crate::give_way).

pub use crate::point::give_way as yield_now;
pub use std::thread::*;
