//! Atomics and locks.

pub mod atomic;
mod mutex;

pub use mutex::Mutex;
pub use std::sync::MutexGuard;
