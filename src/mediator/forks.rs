//! The locks of the strategy, kept over a fork.

use super::Mediator;
use crate::free_list::{MagazineList, Strategy};

impl<S: Strategy> Mediator<S> {
    /// Takes every lock of the strategy, list by list, and keeps them until
    /// [`give_up_locks`](Self::give_up_locks). A client that has a growth lock takes that lock
    /// before.
    ///
    /// No other call holds two of these locks at a time, and no thread that holds one of them takes
    /// another lock, so this call waits for exchanges alone, and these end. If the calling thread uses
    /// the mediator meanwhile, it may wait for itself.
    ///
    /// # Safety
    ///
    /// The calling thread gives the locks up before the mediator is moved or dropped.
    pub unsafe fn keep_locks(&self) {
        // SAFETY: by the caller; the lists are the mediator's.
        self.depot.lists().for_each(|list| unsafe { list.keep_locks() });
    }

    /// Gives the locks up, which lets the exchanges of other threads go on.
    ///
    /// # Safety
    ///
    /// The calling thread keeps the locks of this mediator. In the child of a fork, the only thread
    /// counts as the thread that has forked.
    pub unsafe fn give_up_locks(&self) {
        // SAFETY: by the caller.
        self.depot.lists().for_each(|list| unsafe { list.give_up_locks() });
    }
}
