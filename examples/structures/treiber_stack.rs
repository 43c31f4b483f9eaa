//! A lock-free stack of any values: last in, first out.
//!
//! # Source
//!
//! Treiber 1986, with stamped names for the top and the links.
//!
//! # Who touches a value
//!
//! A *turn* of a node is the time from one allocation of its block to the next free. The block's
//! stamp identifies it.
//!
//! TS1. A push brings a name to the top once, because a node is pushed once in each turn. After that
//! the name is on top again only while the stack below it is unchanged.
//! TS2. So of all poppers that saw a name on top, one exchanges it, and the link that this popper
//! read is still the node's.
//! TS3. The thread that allocated a node writes the node's value before the push. The popper that
//! exchanged the node's name moves the value out before it frees the node. Every other thread that
//! has a reference to the node, by a name that is stale or will be soon, reads only the link, which
//! is atomic.

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use stampool::{AllocError, AtomicStamped, StampedLocal, StampedPool, Strategy, TaggedWide};

use super::sync::UnsafeCell;

/// Where a value lies.
pub(crate) struct Node<V> {
    next: AtomicStamped<Node<V>>,
    value: UnsafeCell<MaybeUninit<V>>,
}

// SAFETY: the value has one user at a time (TS3), and goes from thread to thread.
unsafe impl<V: Send> Sync for Node<V> {}

impl<V> Node<V> {
    /// What the pool makes.
    pub(crate) fn new() -> Self {
        Self { next: AtomicStamped::default(), value: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// # Safety
    ///
    /// A value was put in, and the caller is the one who may have it (TS3).
    unsafe fn take(&self) -> V {
        // SAFETY: by the caller.
        self.value.with_mut(|place| unsafe { place.cast::<V>().read() })
    }
}

/// A stack.
pub(crate) struct Stack<V: Send, S: Strategy = TaggedWide> {
    pool: StampedPool<Node<V>, S>,
    top: AtomicStamped<Node<V>>,
}

impl<V: Send, S: Strategy> Stack<V, S> {
    /// An empty stack with the nodes of `pool`.
    pub(crate) fn new(pool: StampedPool<Node<V>, S>) -> Self {
        Self { pool, top: AtomicStamped::default() }
    }

    /// The calling thread's way to the stack.
    pub(crate) fn handle(&self) -> Result<Handle<'_, V, S>, AllocError> {
        Ok(Handle { stack: self, local: self.pool.local()? })
    }

    /// The value on top, for a caller that is alone with the stack. The node stays in use until the
    /// stack is dropped.
    pub(crate) fn pop_alone(&mut self) -> Option<V> {
        let node = self.pool.get(self.top.load(Relaxed))?;
        self.top.store(node.next.load(Relaxed), Relaxed);
        // SAFETY: alone, and the node was pushed and is off the stack now.
        Some(unsafe { node.take() })
    }
}

impl<V: Send, S: Strategy> Drop for Stack<V, S> {
    fn drop(&mut self) {
        while self.pop_alone().is_some() {}
    }
}

/// One thread's way to a stack.
pub(crate) struct Handle<'s, V: Send, S: Strategy = TaggedWide> {
    stack: &'s Stack<V, S>,
    local: StampedLocal<'s, Node<V>, S>,
}

impl<V: Send, S: Strategy> Handle<'_, V, S> {
    /// Puts a value on top. Without memory for a node it comes back.
    pub(crate) fn push(&self, value: V) -> Result<(), V> {
        let top = &self.stack.top;
        let mut value = Some(value);
        let mut seen = top.load(Relaxed);
        let mut own = None;
        let new = self.local.allocate_with(|node, _| {
            let value = value.take().expect("called once");
            // SAFETY: allocated here, and not pushed yet (TS3).
            node.value.with_mut(|place| unsafe { place.cast::<V>().write(value) });
            own = Some(node);
        });
        let (Ok(new), Some(node)) = (new, own) else {
            return Err(value.expect("not called"));
        };
        loop {
            node.next.store(seen, Relaxed);
            // Release: the node, its value and its link. The top is changed by read-modify-writes
            // alone, so who loads any later top with Acquire has acquired this.
            match top.compare_exchange(seen, new, Release, Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => seen = other,
            }
        }
    }

    /// Takes the value on top.
    pub(crate) fn pop(&self) -> Option<V> {
        let Stack { pool, top } = self.stack;
        loop {
            // Acquire: the node, its value and its link.
            let seen = top.load(Acquire);
            if seen.is_null() {
                return None;
            }
            let Some(node) = pool.get(seen) else { continue };
            let next = node.next.load(Relaxed);
            if top.compare_exchange(seen, next, Acquire, Relaxed).is_ok() {
                // SAFETY: this exchange makes it ours (TS2, TS3).
                let value = unsafe { node.take() };
                self.local.free(seen).expect("who takes a node off the stack frees it");
                return Some(value);
            }
        }
    }
}
