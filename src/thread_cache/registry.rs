//! Every slot of one pool: a list that only grows, so it can be walked at any time.
//!
//! Attaching looks for a free slot and claims it with one RMW; only when none is free a new one is
//! seated, under the growth lock. It walks O(slots); leaving is O(1).

use core::ptr;

use super::slot::{Slot, SlotRef};
use crate::sync::{AtomicPtr, site};
use crate::threads::ThreadId;

/// The slots of one pool.
pub struct Registry {
    first: AtomicPtr<Slot>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { first: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl Registry {
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

    /// Makes a new slot known, whose `next` is [`first`](Self::first). Under the growth lock.
    pub fn register(&self, slot: SlotRef) {
        // ORDERING(TC-5): Release. Publishes the slot's creation.
        //   pairs with TC-6 (walk, Acquire); killed by pool/attach_attach
        self.first.store(slot.as_ptr(), site::REGISTRY_PUSH.ordering());
    }
}
