//! What a subject goes by, and what it is to the comparison.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::batch::{self, Batch};

/// Names of the subjects that are not pools with a handle.
pub mod names {
    /// The harness alone.
    pub const FLOOR: &str = "harness alone";
    /// A `Vec` of pointers.
    pub const ARRAY_STACK: &str = "bare array stack";
    /// crossbeam's `ArrayQueue`.
    pub const ARRAY_QUEUE: &str = "crossbeam ArrayQueue";
    /// stampool's pool without a handle.
    pub const PER_THREAD: &str = "ThreadLocalPool";
    /// The same, declared by `static_pool!`.
    pub const STATIC: &str = "static ThreadLocalPool";
    /// stampool's pool without caches.
    pub const EXACT: &str = "ExactPool";
    /// The default strategy, checked.
    pub const CHECKED: &str = "TaggedWide, checked";
    /// The default strategy, hardened.
    pub const HARDENED: &str = "TaggedWide, hardened";
    /// The program's allocator.
    pub const SYSTEM: &str = "system malloc";
}

/// What a subject is, for a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The harness alone.
    Floor,
    /// What cannot be shared, and is a limit for what can.
    Limit,
    /// A pool of this library.
    Ours,
    /// A pool of this library with one choice made otherwise, which nobody can use.
    Prototype,
    /// This library's lists with another one's reclamation behind them.
    Adapted,
    /// A general allocator.
    Malloc,
    /// A shared list of blocks, or somebody else's pool of objects: a peer, and not a malloc.
    Pool,
}

impl Role {
    /// Whether a program could use it in our place.
    pub const fn is_peer(self) -> bool {
        matches!(self, Self::Malloc | Self::Pool)
    }
}

/// What a subject goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Title {
    /// A strategy, or one of [`names`], or what a peer is called.
    pub name: &'static str,
    /// The pool's batch, if it is one.
    pub batch: Option<Batch>,
}

/// `TaggedWide, B = 64`, `jemalloc`.
impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&batch::title(self.name, self.batch))
    }
}
