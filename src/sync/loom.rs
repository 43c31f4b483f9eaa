//! The loom backend.

pub(super) use loom::thread::LocalKey as ModelKey;
pub(super) use portable_atomic::AtomicU64 as PlainU64;

pub use super::interned::AtomicU128;
pub use super::modelled::{is_lock_free_u64, is_lock_free_u128};
pub use loom::cell::UnsafeCell;
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub use loom::sync::{Mutex, MutexGuard};
pub use loom::thread;
pub use std::sync::OnceLock;

pub use crate::__loom_thread_local as thread_local;

use core::sync::atomic::Ordering;

/// The backend's name.
pub const BACKEND: &str = "loom";

/// A fence. A site that is weakened to `Relaxed` makes no fence; loom would refuse a Relaxed one.
pub fn fence(order: Ordering) {
    if order != Ordering::Relaxed {
        loom::sync::atomic::fence(order);
    }
}

/// `std::thread_local!`, for the threads of a model.
#[doc(hidden)]
#[macro_export]
macro_rules! __loom_thread_local {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident: $type:ty = $init:expr;)+) => {
        $($(#[$attribute])* $visible static $name: $crate::sync::LocalKey<$type> = {
            loom::thread_local! { static KEY: $type = $init; }
            $crate::sync::LocalKey::new(&KEY, || $init)
        };)+
    };
}
