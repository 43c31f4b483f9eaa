//! A thread's handle of a pool, of which either may outlive the other.

use core::mem::ManuallyDrop;
use core::ops::Deref;

use super::super::Local;
use super::super::core::Core;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::mediator::ShardId;
use crate::sync::Arc;
use crate::threads::Rundown;

/// A handle that does not borrow its pool.
///
/// Dropped while the pool stands, it hands its blocks in, as any handle. Dropped later, it leaves
/// the pool's memory alone: its blocks went back with it.
pub struct DetachedLocal<S: Strategy, C: Checking = Unchecked> {
    /// The pool lends it, and not for ever: see `deref`.
    local: ManuallyDrop<Local<'static, S, C>>,
    rundown: Arc<Rundown<Core<S, C>>>,
}

impl<S: Strategy, C: Checking> DetachedLocal<S, C> {
    /// Attaches the calling thread.
    ///
    /// # Safety
    ///
    /// It is only used, other than dropped, while the pool is borrowed.
    pub(in super::super) unsafe fn attach(
        core: &Core<S, C>,
        shard: ShardId,
    ) -> Result<Self, AllocError> {
        let rundown = core.rundown().clone();
        // SAFETY: by the caller, and by `drop`, which goes through the rundown.
        let core: &'static Core<S, C> = unsafe { &*core::ptr::from_ref(core) };
        Ok(Self { local: ManuallyDrop::new(Local::attach_unwatched(core, shard)?), rundown })
    }

    /// Whether the pool has gone.
    pub(super) fn is_orphaned(&self) -> bool {
        self.rundown.is_closed()
    }
}

impl<S: Strategy, C: Checking> Deref for DetachedLocal<S, C> {
    type Target = Local<'static, S, C>;

    fn deref(&self) -> &Local<'static, S, C> {
        &self.local
    }
}

impl<S: Strategy, C: Checking> Drop for DetachedLocal<S, C> {
    fn drop(&mut self) {
        // SAFETY: not used again.
        let local = unsafe { ManuallyDrop::take(&mut self.local) };
        match self.rundown.enter() {
            Some(_guard) => local.leave_quietly(),
            None => local.outlive(),
        }
    }
}
