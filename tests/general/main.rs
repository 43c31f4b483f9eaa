//! `Stampool` as the allocator of a whole program: this one.

mod blocks;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod forks;
mod threads;

use stampool::general::Stampool;

#[global_allocator]
static ALLOCATOR: Stampool = Stampool;
