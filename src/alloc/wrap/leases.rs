//! Values that threads lease, each to one thread at a time.
//!
//! A list that only grows, as the pools' registry of slots: a thread that wants a value walks along
//! it and claims one that nobody leases, by one RMW. If there is none, it makes one and puts it in
//! front. No value leaves the list before the list ends, so a walk needs no protection against
//! memory that is used again. There are as many values as threads ever leased at once.
//!
//! # Invariants
//!
//! - I1. Nodes are made by `Box`, are in the list once, and leave it only by `&mut`.
//! - I2. While `leased` is 1, one lease leads to the node, and it alone uses the value, but for
//!   [`values`](Leases::values), which hands out `&T` of a `T` that is `Sync`.
//! - I3. A lease borrows the list, so nobody has `&mut` while one is there.
//!
//! # Orderings
//!
//! | site | access | ordering | why |
//! |---|---|---|---|
//! | LS-1 | load the newest node | Acquire | observes the creation of all nodes |
//! | LS-2 | claim: CAS | Acquire | observes the use of the value by the last lessee (LS-4) |
//! | LS-3 | claim: CAS, failed | Relaxed | nothing is read through it |
//! | LS-4 | end a lease | Release | passes the use of the value on |
//! | LS-5 | put a node in front: CAS | Release | publishes its creation |
//! | LS-6 | the same, failed | Relaxed | what it finds is linked to, and not read |
//! | LS-7 | load the newest node, to link to it, or by `&mut` | Relaxed | as LS-6; the borrow orders it |
//!
//! The head is written by RMWs only, so each push continues the release sequences of all older ones:
//! a thread that acquires the newest node has acquired those below it.
//!
//! # Progress
//!
//! Lock-free, if the allocator of the nodes is: a push repeats its CAS only when another one
//! succeeded. A lease takes as many steps as there are values.

use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use crate::source::finish;
use crate::sync::{AtomicPtr, AtomicU32, Witness, const_when_shipped, site};

/// The values.
pub(super) struct Leases<T> {
    first: AtomicPtr<Node<T>>,
    owns: PhantomData<Box<T>>,
}

struct Node<T> {
    /// 1 while the value is leased, otherwise 0.
    leased: AtomicU32,
    next: *mut Node<T>,
    created: Witness,
    value: T,
}

// SAFETY: the values move along.
unsafe impl<T: Send> Send for Leases<T> {}
// SAFETY: by I2 one thread at a time uses a value through a shared list, as if it were sent there,
// and `values` asks for `Sync`.
unsafe impl<T: Send> Sync for Leases<T> {}

impl<T> Leases<T> {
    const_when_shipped! {
        /// No value yet.
        pub(super) fn new() -> Self {
            Self { first: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
        }
    }

    fn nodes(&self) -> impl Iterator<Item = &Node<T>> {
        // ORDERING(LS-1): Acquire. Observes the creation of all nodes.
        //   pairs with LS-5; killed by per_thread/lease_lease
        let mut next = self.first.load(site::LEASES_LOAD.ordering());
        core::iter::from_fn(move || {
            // SAFETY: a node in the list lives as long as the list is borrowed (I1).
            let node = unsafe { next.as_ref() }?;
            node.created.acquired();
            next = node.next;
            Some(node)
        })
    }

    /// Leases a value that nobody leases, or a new one that `make` makes.
    pub(super) fn lease(&self, make: impl FnOnce() -> T) -> Lease<'_, T> {
        let free = self.nodes().find(|node| node.claim());
        let node = free.map_or_else(|| self.push(make()), NonNull::from);
        Lease { node, list: PhantomData }
    }

    /// Puts a new value in front, already leased.
    fn push(&self, value: T) -> NonNull<Node<T>> {
        // ORDERING(LS-7): Relaxed. The node is linked to, and not read.
        let mut first = self.first.load(site::LEASES_OWNED.ordering());
        let leased = AtomicU32::new(1);
        let node = Box::new(Node { leased, next: first, created: Witness::created(), value });
        let node = Box::into_raw(node);
        // ORDERING(LS-5): Release. Publishes the node.
        //   pairs with LS-1; killed by per_thread/lease_lease
        // ORDERING(LS-6): Relaxed on failure. The node is linked to, and not read.
        while let Err(now) = self.first.compare_exchange(
            first,
            node,
            site::LEASES_PUSH.ordering(),
            site::LEASES_PUSH_FAILED.ordering(),
        ) {
            first = now;
            // SAFETY: the node is not in the list yet, so it is this thread's alone.
            unsafe { (*node).next = now };
        }
        // SAFETY: a box is not null.
        unsafe { NonNull::new_unchecked(node) }
    }

    /// All values, the newest first, also those that are leased.
    pub(super) fn values(&self) -> impl Iterator<Item = &T>
    where
        T: Sync,
    {
        self.nodes().map(|node| &node.value)
    }

    /// All values, the newest first.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let mut next = self.newest();
        core::iter::from_fn(move || {
            // SAFETY: nodes of the list, which is borrowed for as long as the values (I1, I3); each
            // comes up once.
            let node = unsafe { next.as_mut() }?;
            next = node.next;
            Some(&mut node.value)
        })
    }

    fn newest(&mut self) -> *mut Node<T> {
        // ORDERING(LS-7): Relaxed. The borrow orders it.
        self.first.load(site::LEASES_OWNED.ordering())
    }

    /// Takes the newest value out.
    pub(super) fn take(&mut self) -> Option<T> {
        let first = NonNull::new(self.newest())?;
        // SAFETY: made by a box, and in the list once (I1); by I3 nobody leases it.
        let node = unsafe { Box::from_raw(first.as_ptr()) };
        self.first = AtomicPtr::new(node.next);
        Some(node.value)
    }
}

impl<T> Drop for Leases<T> {
    fn drop(&mut self) {
        // The drop of a value may panic, if its source does.
        finish(|| self.take().is_some());
    }
}

impl<T> Node<T> {
    /// Claims the node if nobody leases it.
    fn claim(&self) -> bool {
        // ORDERING(LS-2): Acquire on success. Observes the use of the value by the last lessee.
        //   pairs with LS-4; killed by per_thread/lease_lease
        // ORDERING(LS-3): Relaxed on failure. Nothing is read through it.
        let claimed = self.leased.compare_exchange(
            0,
            1,
            site::LEASE_CLAIM.ordering(),
            site::LEASE_CLAIM_FAILED.ordering(),
        );
        claimed.is_ok()
    }
}

/// A leased value. The lease ends with it; if it is forgotten, nobody leases the value again.
pub(super) struct Lease<'a, T> {
    node: NonNull<Node<T>>,
    list: PhantomData<&'a Leases<T>>,
}

// SAFETY: the lease is the value's only user (I2), so the value moves along.
unsafe impl<T: Send> Send for Lease<'_, T> {}
// SAFETY: a shared lease gives out `&T` and nothing else.
unsafe impl<T: Sync> Sync for Lease<'_, T> {}

impl<T> Lease<'_, T> {
    /// The value.
    #[inline(always)]
    pub(super) const fn get(&self) -> &T {
        // SAFETY: the node lives as long as the list is borrowed, and its value is this lease's.
        unsafe { &self.node.as_ref().value }
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the node lives as long as the list is borrowed.
        let node = unsafe { self.node.as_ref() };
        // ORDERING(LS-4): Release. Passes the use of the value on to the next lessee.
        //   pairs with LS-2; killed by per_thread/lease_lease
        node.leased.store(0, site::LEASE_END.ordering());
    }
}
