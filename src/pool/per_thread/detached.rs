//! A handle that may outlive its pool, as the pool may outlive the handle.

use core::mem::ManuallyDrop;
use core::ops::Deref;

use super::super::Local;
use super::super::shared::Shared;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::mediator::ShardId;
use crate::sync::{Arc, opaque};
use crate::threads::Rundown;

/// A handle that does not borrow its pool.
///
/// If the handle is dropped before its pool, it hands in its blocks, as any handle does. If it is
/// dropped later, it does not touch the pool's memory, which has gone back to the source.
pub struct DetachedLocal<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    /// `'static` is not true: the handle may be used only while the pool is borrowed (`attach`).
    local: ManuallyDrop<Local<'static, S, C>>,
    rundown: Arc<Rundown<Shared<S, C>>>,
}

// The handle may be that of a pool that is gone, so nothing is read.
opaque! { [S: Strategy, C: Checking] DetachedLocal<S, C>; }

impl<S: Strategy, C: Checking> DetachedLocal<S, C> {
    /// Attaches the calling thread.
    ///
    /// # Safety
    ///
    /// The caller uses the handle only while the pool is borrowed. It may drop it at any time.
    pub(in super::super) unsafe fn attach(
        shared: &Shared<S, C>,
        shard: ShardId,
    ) -> Result<Self, AllocError> {
        let rundown = shared.rundown.clone();
        // SAFETY: the caller uses the handle only while the pool is borrowed, and `drop` asks the
        // rundown before it uses the shared part.
        let shared: &'static Shared<S, C> = unsafe { &*core::ptr::from_ref(shared) };
        Ok(Self { local: ManuallyDrop::new(Local::attach_unwatched(shared, shard)?), rundown })
    }

    /// Whether the pool has been dropped.
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
