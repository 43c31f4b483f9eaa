//! A lock-free stack of numbers whose nodes lie in a pool and are used again: Treiber's, with the
//! stamped names of `stampool` instead of pointers, and without an unsafe block.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

#[cfg(stampool_model = "porf")]
use porf::sync::atomic::AtomicU64;
use stampool::{AllocError, AtomicStamped, StampedLocal, StampedPool};
#[cfg(not(stampool_model = "porf"))]
use std::sync::atomic::AtomicU64;

/// Publishes a node. With the feature `relaxed` it does not: the kept fault.
const PUBLISH: Ordering = if cfg!(feature = "relaxed") { Relaxed } else { Release };

struct Node {
    value: AtomicU64,
    below: AtomicStamped<Node>,
}

pub struct Stack {
    pool: StampedPool<Node>,
    top: AtomicStamped<Node>,
}

impl Stack {
    /// An empty stack, whose handles keep up to four free nodes each.
    pub fn new() -> Self {
        let node = || Node { value: AtomicU64::new(0), below: AtomicStamped::default() };
        let pool = StampedPool::<Node>::builder().batch(2).build_stamped(node);
        Self { pool: pool.expect("valid settings"), top: AtomicStamped::default() }
    }

    /// The calling thread's way to the stack.
    pub fn handle(&self) -> Result<Handle<'_>, AllocError> {
        Ok(Handle { stack: self, local: self.pool.local()? })
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

pub struct Handle<'s> {
    stack: &'s Stack,
    local: StampedLocal<'s, Node>,
}

impl Handle<'_> {
    pub fn push(&self, value: u64) -> Result<(), AllocError> {
        let Stack { pool, top } = self.stack;
        let new = self.local.allocate_with(|node, _| node.value.store(value, Relaxed))?;
        let node = pool.get(new).expect("allocated here");
        let mut seen = top.load(Relaxed);
        loop {
            node.below.store(seen, Relaxed);
            match top.compare_exchange(seen, new, PUBLISH, Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => seen = now,
            }
        }
    }

    pub fn pop(&self) -> Option<u64> {
        let Stack { pool, top } = self.stack;
        loop {
            let seen = top.load(Acquire);
            if seen.is_null() {
                return None;
            }
            // Freed meanwhile, so it is no longer on top.
            let Some(node) = pool.get(seen) else { continue };
            let (value, below) = (node.value.load(Relaxed), node.below.load(Relaxed));
            // Release: what was read here comes before the node's reuse. If another thread has
            // popped the node meanwhile, the exchange fails, and what was read is forgotten.
            if top.compare_exchange(seen, below, Ordering::AcqRel, Relaxed).is_ok() {
                self.local.free(seen).expect("the thread that takes a node off frees it");
                return Some(value);
            }
        }
    }
}
