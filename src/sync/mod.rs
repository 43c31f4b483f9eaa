//! The facade: the only place that names an atomic, a lock, a shared cell or a checker.
//!
//! One private cfg picks the backend for the whole crate: none (core and portable-atomic),
//! `stampool_model = "loom"`, `stampool_model = "shuttle"`, or `stampool_model = "steered"` (the
//! first, from the crate `steered`: with points where threads are held up, and with each access
//! counted). Everything above this folder is written once, against the names exported here, so the
//! checked code is the shipped code.
//!
//! - atomics: the shapes of `core::sync::atomic`, plus [`AtomicU128`] for double-width words;
//! - [`UnsafeCell`]: loom's shape (`with`, `with_mut`), a plain cell when shipped;
//! - [`Witness`]: says "a thread that comes here has acquired this object's creation";
//! - [`fence`]: orders what lies around it; the checkers see it as one;
//! - [`Serial`]: a number that no other object of the process has;
//! - [`site`]: every ordering of the core, by name.
//!
//! # Choosing a backend
//!
//! The cfg goes with a private feature of the package: `_loom`, `_shuttle`, `_steered`. The feature
//! brings in the package that the backend needs, and without the cfg it changes nothing. A crate
//! that checks a structure of its own on these pools sets both: `--cfg stampool_model="loom"` in
//! `RUSTFLAGS`, and in its manifest
//!
//! ```toml
//! [target.'cfg(stampool_model = "loom")'.dependencies]
//! stampool = { version = "0.1", features = ["_loom"] }
//! ```
//!
//! # What the checkers cannot see
//!
//! loom treats `SeqCst` accesses as `AcqRel` (the core has none) and never fails a
//! `compare_exchange_weak` spuriously (the core has none). shuttle runs everything sequentially
//! consistent: it sees interleavings, not orderings.

#[cfg(all(stampool_model = "loom", stampool_model = "shuttle"))]
compile_error!("choose one stampool_model: \"loom\" or \"shuttle\"");

#[cfg(all(stampool_model = "loom", not(feature = "_loom")))]
compile_error!("stampool_model=\"loom\" needs stampool's private feature `_loom` as well");
#[cfg(all(stampool_model = "shuttle", not(feature = "_shuttle")))]
compile_error!("stampool_model=\"shuttle\" needs stampool's private feature `_shuttle` as well");
#[cfg(all(stampool_model = "steered", not(feature = "_steered")))]
compile_error!("stampool_model=\"steered\" needs stampool's private feature `_steered` as well");

#[cfg(not(any(stampool_model = "loom", stampool_model = "shuttle", stampool_model = "steered")))]
#[path = "real.rs"]
mod backend;
#[cfg(stampool_model = "loom")]
#[path = "loom.rs"]
mod backend;
#[cfg(stampool_model = "shuttle")]
#[path = "shuttle.rs"]
mod backend;
#[cfg(stampool_model = "steered")]
#[path = "steered.rs"]
mod backend;

mod serial;
pub mod site;

#[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
mod interned;

use backend::PlainU64;
#[cfg(stampool_model = "shuttle")]
pub use backend::preempt_in_cells;
pub use backend::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicU128, AtomicUsize, BACKEND, Mutex, MutexGuard,
    UnsafeCell, fence, is_lock_free_u64, is_lock_free_u128, thread,
};
pub use core::sync::atomic::Ordering;
pub use serial::{Places, Serial, serial};
/// For what belongs to the process and not to an execution: std's in every build.
pub use std::{process::abort, sync::Mutex as ProcessMutex, thread::panicking};
/// Reference counts, thread-locals and statics are std's in every build: they are not what is
/// checked.
pub use std::{
    sync::{Arc, OnceLock, Weak},
    thread_local,
};

/// A number beside what is checked: it is the machine's in every build, and it orders nothing. For
/// names, for statistics, and for a hint whose stale value costs time and nothing else (`sealed` of
/// a pool, which the growth lock decides).
#[derive(Debug, Default)]
pub struct Number(PlainU64);

impl Number {
    /// Starts at `value`.
    pub const fn new(value: u64) -> Self {
        Self(PlainU64::new(value))
    }

    /// As last heard of.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to it, and gives what it was.
    pub fn add(&self, value: u64) -> u64 {
        self.0.fetch_add(value, Ordering::Relaxed)
    }
}

/// Takes a lock whose data stays consistent when a holder panics.
///
/// Poison is ignored: the core's critical sections leave their data consistent before every call
/// that may panic (the source's).
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

/// Proof of creation: a zero-sized field that says "a thread that reaches this object has acquired
/// the store that published it".
///
/// Costs nothing when shipped. Under loom, reaching an object that this thread has not acquired
/// is reported as the data race that it is.
pub struct Witness(UnsafeCell<()>);

// SAFETY: there is nothing in it. A checker counts overlapping uses, and reports them.
unsafe impl Sync for Witness {}

impl Witness {
    /// Marks the creation of the object that holds it.
    #[inline]
    pub fn created() -> Self {
        let cell = UnsafeCell::new(());
        cell.with_mut(|_| ());
        Self(cell)
    }

    /// States that the creation happened before this point.
    #[inline]
    pub fn acquired(&self) {
        self.0.with(|_| ());
    }

    /// Begins anew: states that every thread that has acquired the object so far has let go of it,
    /// in a way that this thread has acquired.
    #[inline]
    pub fn renewed(&self) {
        self.0.with_mut(|_| ());
    }
}
