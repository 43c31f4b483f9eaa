//! A thread's handle of a pool, of which either may outlive the other.

use core::mem::ManuallyDrop;
use core::ops::Deref;

use super::super::Local;
use super::super::core::Core;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::mediator::ShardId;
use crate::sync::Arc;
use crate::threads::Rundown;

/// A handle that does not borrow its pool.
///
/// Dropped while the pool stands, it hands its blocks in, as any handle. Dropped later, it leaves
/// the pool's memory alone: its blocks went back with it.
pub struct DetachedLocal<S: Strategy> {
    /// The pool lends it, and not for ever: see `deref`.
    local: ManuallyDrop<Local<'static, S>>,
    rundown: Arc<Rundown<Core<S>>>,
}

impl<S: Strategy> DetachedLocal<S> {
    /// Attaches the calling thread.
    ///
    /// # Safety
    ///
    /// It is only used, other than dropped, while the pool is borrowed.
    pub(in super::super) unsafe fn attach(
        core: &Core<S>,
        shard: ShardId,
    ) -> Result<Self, AllocError> {
        let rundown = core.rundown().clone();
        // SAFETY: by the caller, and by `drop`, which goes through the rundown.
        let core: &'static Core<S> = unsafe { &*core::ptr::from_ref(core) };
        Ok(Self { local: ManuallyDrop::new(Local::attach_unwatched(core, shard)?), rundown })
    }

    /// Whether the pool has gone.
    pub(super) fn is_orphaned(&self) -> bool {
        self.rundown.is_closed()
    }
}

impl<S: Strategy> Deref for DetachedLocal<S> {
    type Target = Local<'static, S>;

    fn deref(&self) -> &Local<'static, S> {
        &self.local
    }
}

impl<S: Strategy> Drop for DetachedLocal<S> {
    fn drop(&mut self) {
        // SAFETY: not used again.
        let local = unsafe { ManuallyDrop::take(&mut self.local) };
        match self.rundown.enter() {
            Some(_guard) => local.leave_quietly(),
            None => local.outlive(),
        }
    }
}
