//! A thread's seat in a pool that either may outlive.

use core::mem::ManuallyDrop;
use core::ops::Deref;

use super::super::Local;
use super::super::core::Core;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::mediator::Home;
use crate::sync::Arc;
use crate::thread_cache::Door;

/// A handle that does not borrow its pool.
///
/// Dropped while the pool stands, it hands its blocks in, as any handle. Dropped later, it leaves
/// the pool's memory alone: its blocks went back with it.
pub struct Tenant<S: Strategy> {
    /// Lent by the pool, not for ever: see `deref`.
    local: ManuallyDrop<Local<'static, S>>,
    door: Arc<Door<Core<S>>>,
}

impl<S: Strategy> Tenant<S> {
    /// A seat of its own.
    ///
    /// # Safety
    ///
    /// It is only used, other than dropped, while the pool is borrowed.
    pub(in super::super) unsafe fn attach(core: &Core<S>, home: Home) -> Result<Self, AllocError> {
        let door = core.door().clone();
        // SAFETY: by the caller, and by `drop`, which goes through the door.
        let core: &'static Core<S> = unsafe { &*core::ptr::from_ref(core) };
        Ok(Self { local: ManuallyDrop::new(Local::attach_unwatched(core, home)?), door })
    }

    /// Whether the pool has gone.
    pub(super) fn is_bereft(&self) -> bool {
        self.door.is_shut()
    }
}

impl<S: Strategy> Deref for Tenant<S> {
    type Target = Local<'static, S>;

    fn deref(&self) -> &Local<'static, S> {
        &self.local
    }
}

impl<S: Strategy> Drop for Tenant<S> {
    fn drop(&mut self) {
        // SAFETY: not used again.
        let local = unsafe { ManuallyDrop::take(&mut self.local) };
        match self.door.enter() {
            Some(_inside) => local.leave_quietly(),
            None => local.outlive(),
        }
    }
}
