//! A lock-free stack of numbers. Each value gets a node of its own, and no node is used again.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicUsize};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicUsize};

/// Publishes a node. With the feature `relaxed` it does not: the kept fault.
const PUBLISH: Ordering = if cfg!(feature = "relaxed") { Relaxed } else { Release };

/// Holds at most four values in its whole life.
#[derive(Default)]
pub struct Stack {
    /// The number of the node on top, counted from 1; 0 if the stack is empty.
    top: AtomicUsize,
    used: AtomicUsize,
    nodes: [Node; 4],
}

#[derive(Default)]
struct Node {
    value: AtomicU32,
    below: AtomicUsize,
}

impl Stack {
    pub fn push(&self, value: u32) {
        let number = self.used.fetch_add(1, Relaxed) + 1;
        let node = &self.nodes[number - 1];
        node.value.store(value, Relaxed);
        let mut top = self.top.load(Relaxed);
        loop {
            node.below.store(top, Relaxed);
            match self.top.compare_exchange(top, number, PUBLISH, Relaxed) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    pub fn pop(&self) -> Option<u32> {
        let mut top = self.top.load(Acquire);
        loop {
            let node = &self.nodes[top.checked_sub(1)?];
            let below = node.below.load(Relaxed);
            match self.top.compare_exchange(top, below, Relaxed, Acquire) {
                Ok(_) => return Some(node.value.load(Relaxed)),
                Err(now) => top = now,
            }
        }
    }
}
