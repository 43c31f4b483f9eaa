//! Locks, channels and counted references, in the shape of `std::sync`.
//!
//! No lock is ever poisoned: a panic ends the exploration.

pub mod atomic;
pub mod mpsc;

mod arc;
mod barrier;
mod condvar;
mod lock;
mod mutex;
mod notify;
mod once_lock;
mod rwlock;

pub use arc::Arc;
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use notify::Notify;
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
