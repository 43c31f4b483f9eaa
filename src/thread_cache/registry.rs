//! All slots of one pool, in a list that only grows. A thread may therefore walk along it at any
//! time.
//!
//! A thread that attaches walks along the list, which is O(slots), and claims a free slot by one
//! RMW. If no slot is free, it adds a new one, under the growth lock. Leaving a slot is O(1).

use core::ptr;

use super::slot::{Slot, SlotRef};
use crate::sync::{AtomicPtr, const_when_shipped, opaque, site};
use crate::threads::ThreadId;

/// The slots of one pool.
pub struct Registry {
    first: AtomicPtr<Slot>,
}

opaque! { [] Registry; }

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    const_when_shipped! {
        /// No slots.
        pub fn new() -> Self {
            Self { first: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// All slots, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = SlotRef> + use<> {
        core::iter::successors(self.first(), |slot| slot.next())
    }

    /// The newest slot.
    pub fn first(&self) -> Option<SlotRef> {
        // ORDERING(TC-6): Acquire. Observes the slots' creation.
        //   pairs with TC-5 (register, Release); killed by pool/attach_attach
        let first = self.first.load(site::REGISTRY_LOAD.ordering());
        ptr::NonNull::new(first).map(SlotRef::from_ptr)
    }

    /// Claims a free slot.
    pub fn claim(&self, thread: ThreadId) -> Option<SlotRef> {
        self.iter().find(|slot| slot.claim(thread))
    }

    /// Adds a new slot.
    ///
    /// # Safety
    ///
    /// The caller has held the growth lock since it read [`first`](Self::first), which is the slot's
    /// `next`.
    pub unsafe fn register(&self, slot: SlotRef) {
        // ORDERING(TC-5): Release. Publishes the slot's creation.
        //   pairs with TC-6 (walk, Acquire); killed by pool/attach_attach
        self.first.store(slot.as_ptr(), site::REGISTRY_PUSH.ordering());
    }
}
