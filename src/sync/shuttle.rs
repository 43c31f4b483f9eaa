//! The shuttle backend. shuttle has no checked cell, so this module makes one: a flag is up while
//! the cell is in use, with a scheduling point inside, so an overlap of two accesses becomes a
//! failure. Depth-first searches turn the scheduling point off ([`preempt_in_cells`]), because each
//! one multiplies the schedules; loom finds races between cells.

pub(super) use portable_atomic::AtomicU64 as PlainU64;
pub(super) use shuttle::thread::LocalKey as ModelKey;

pub use super::interned::AtomicU128;
pub use super::modelled::{is_lock_free_u64, is_lock_free_u128};
pub use shuttle::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub use shuttle::sync::{Mutex, MutexGuard};
pub use shuttle::{thread, thread_local as model_thread_local};
pub use std::sync::OnceLock;

use core::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

/// The backend's name.
pub const BACKEND: &str = "shuttle";

/// A fence, which does nothing, because shuttle runs everything sequentially consistent.
pub fn fence(_order: Ordering) {}

const WRITING: isize = -1;

static PREEMPT_IN_CELLS: AtomicBool = AtomicBool::new(true);

/// Whether writing a cell is a scheduling point, for the whole process.
pub fn preempt_in_cells(yes: bool) {
    PREEMPT_IN_CELLS.store(yes, Ordering::Relaxed);
}

/// A cell with loom's interface that notices when two accesses overlap and one of them writes.
#[derive(Debug, Default)]
pub struct UnsafeCell<T> {
    /// How many readers are inside, or [`WRITING`]. Not an atomic of shuttle's, because it must add
    /// no scheduling point.
    users: AtomicIsize,
    /// A load of this atomic is the scheduling point. `yield_now` would not do: PCT takes it for a
    /// wish to wait, puts the thread behind all others, and then finds hardly anything.
    point: shuttle::sync::atomic::AtomicBool,
    data: core::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self {
            users: AtomicIsize::new(0),
            point: shuttle::sync::atomic::AtomicBool::new(false),
            data: core::cell::UnsafeCell::new(value),
        }
    }

    /// Runs `f` on a pointer for reading.
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        let before = self.users.fetch_add(1, Ordering::Relaxed);
        assert!(before >= 0, "data race: a cell is read while it is written");
        let result = f(self.data.get().cast_const());
        self.users.fetch_sub(1, Ordering::Relaxed);
        result
    }

    /// Runs `f` on a pointer for writing.
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        let before = self.users.swap(WRITING, Ordering::Relaxed);
        assert!(before == 0, "data race: a cell is written while it is in use");
        if PREEMPT_IN_CELLS.load(Ordering::Relaxed) {
            self.point.load(Ordering::SeqCst);
        }
        let result = f(self.data.get());
        let users = self.users.swap(0, Ordering::Relaxed);
        assert!(users == WRITING, "data race: a cell was used while it was written");
        result
    }
}
