//! A lock-free queue of numbers, in order of arrival.
//!
//! # Source
//!
//! Michael & Scott 1996. The paper's counted pointers are stamped names, and its free list is the
//! pool. Differences: the count belongs to the block, so the last link needs no count of its own;
//! it is a null that carries the stamp of its node. And a node is read only through a name that is
//! current.
//!
//! # Why it withstands reuse
//!
//! A *turn* of a node is the time from one allocation of its block to the next free. The block's
//! stamp identifies it.
//!
//! MSQ1. A name gets into `head`, and into `tail`, only once: it stands for one turn of a node, and a
//! node is enqueued once in each turn. So if a compare-exchange of either succeeds, the expected
//! node is still in place.
//! MSQ2. `head` never passes `tail`: it moves on only if `tail`, loaded after it, is a different
//! name. So a thread that frees the node that `head` has left frees no node that `tail` names.
//! MSQ3. A node's link changes once in each turn, from the null with the turn's stamp to a name. A
//! compare-exchange that expects this null does nothing to a later turn of the node.
//!
//! The dequeuing thread reads the value before the exchange of `head` that makes the value its own.
//! Meanwhile another thread may take the value and reuse the node; that is why values are atomic.
//! The exchange then fails (MSQ1), and the thread forgets what it read.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use stampool::{AllocError, AtomicStamped, Stamped, StampedLocal, StampedPool};
use stampool::{Strategy, TaggedWide};

use super::sync::AtomicU64;

/// Where a value lies.
pub(crate) struct Node {
    value: AtomicU64,
    next: AtomicStamped<Node>,
}

impl Node {
    /// What the pool makes.
    pub(crate) fn new() -> Self {
        Self { value: AtomicU64::new(0), next: AtomicStamped::default() }
    }
}

/// The link of a node that is the last one, in the turn of its name.
fn last_link(node: Stamped<Node>) -> Stamped<Node> {
    Stamped::null(node.stamp())
}

/// A queue.
pub(crate) struct Queue<S: Strategy = TaggedWide> {
    pool: StampedPool<Node, S>,
    /// The node before the first one: its value is taken.
    head: AtomicStamped<Node>,
    /// The last node, or one before it.
    tail: AtomicStamped<Node>,
}

impl<S: Strategy> Queue<S> {
    /// An empty queue with the nodes of `pool`.
    pub(crate) fn new(pool: StampedPool<Node, S>) -> Result<Self, AllocError> {
        let link = |node: &Node, name| node.next.store(last_link(name), Relaxed);
        let first = pool.local()?.allocate_with(link)?;
        let (head, tail) = (AtomicStamped::new(first), AtomicStamped::new(first));
        Ok(Self { pool, head, tail })
    }

    /// The calling thread's way to the queue.
    pub(crate) fn handle(&self) -> Result<Handle<'_, S>, AllocError> {
        Ok(Handle { queue: self, local: self.pool.local()? })
    }
}

/// One thread's way to a queue.
pub(crate) struct Handle<'q, S: Strategy = TaggedWide> {
    queue: &'q Queue<S>,
    local: StampedLocal<'q, Node, S>,
}

impl<S: Strategy> Handle<'_, S> {
    /// Puts a value at the end.
    pub(crate) fn enqueue(&self, value: u64) -> Result<(), AllocError> {
        let Queue { pool, tail, .. } = self.queue;
        let new = self.local.allocate_with(|node, name| {
            node.value.store(value, Relaxed);
            node.next.store(last_link(name), Relaxed);
        })?;
        loop {
            let last = tail.load(Acquire);
            let Some(node) = pool.get(last) else { continue };
            // Release: the node, its value and its link. Acquire: the node that is there.
            match node.next.compare_exchange(last_link(last), new, Release, Acquire) {
                Ok(_) => {
                    // Somebody else may have done it. Release: as above.
                    _ = tail.compare_exchange(last, new, Release, Relaxed);
                    return Ok(());
                }
                // Of this turn, so not null (MSQ3): `tail` lags behind.
                Err(next) if pool.is_current(last) => {
                    _ = tail.compare_exchange(last, next, Release, Relaxed);
                }
                // Of a later turn: `tail` has moved on.
                Err(_) => {}
            }
        }
    }

    /// Takes the value at the front.
    pub(crate) fn dequeue(&self) -> Option<u64> {
        let Queue { pool, head, tail } = self.queue;
        loop {
            // In this order (MSQ2). Acquire: the nodes, and that `tail` was beyond this head.
            let first = head.load(Acquire);
            let last = tail.load(Acquire);
            let Some(node) = pool.get(first) else { continue };
            let next = node.next.load(Acquire);
            if !pool.is_current(first) {
                continue;
            }
            if next.is_null() {
                // Nothing was behind the head when its link was read, and it was the head: a node
                // that has been left has a successor.
                return None;
            }
            if first == last {
                _ = tail.compare_exchange(last, next, Release, Relaxed);
                continue;
            }
            let Some(node) = pool.get(next) else { continue };
            let value = node.value.load(Relaxed);
            // Release: what was read here comes before the node's reuse, whose thread has acquired
            // this head. Acquire: the same of others, before the node that is left is freed.
            if head.compare_exchange(first, next, AcqRel, Relaxed).is_ok() {
                self.local.free(first).expect("who moves the head on frees what it has left");
                return Some(value);
            }
        }
    }
}
