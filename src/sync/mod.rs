//! The facade: the only place that names an atomic, a lock, a shared cell or a checker.
//!
//! One private cfg picks the backend for the whole crate: none (core and portable-atomic),
//! `stampool_model = "loom"`, `"porf"`, `"shuttle"`, or `"steered"`. The last one uses the same
//! atomics as the first, wrapped by the crate `steered`: each access is counted, and may hold the
//! thread up. Everything above this folder is written once, against the names exported here, so the
//! checked code is the shipped code.
//!
//! - atomics: the shapes of `core::sync::atomic`, plus [`AtomicU128`] for double-width words;
//! - [`UnsafeCell`]: has loom's interface (`with`, `with_mut`), and is a plain cell when shipped;
//! - [`Witness`]: asserts that a thread that reaches an object has acquired the object's creation;
//! - [`ForkMutex`]: a mutex that a thread can keep over a fork, without a guard;
//! - [`InPlace`]: an object that lies in its owner, in a shipped build;
//! - [`fence`]: a memory fence, which loom and porf model;
//! - [`thread_local!`]: a value for each thread of a checker's execution. As in std, a value without a
//!   destructor may be used until its thread has ended;
//! - [`OnceLock`]: for statics. Under porf each execution begins with an empty one; under loom and
//!   shuttle it is std's, so a model must not use a static pool there;
//! - [`PoolId`]: the number of a pool, which no other pool of the process ever has;
//! - [`Serial`]: the same for stamped pools, in 32 bits;
//! - [`Places`]: small numbers, each lent to one living pool at a time;
//! - [`Number`]: a counter or a flag that no checker watches, because no access depends on its
//!   order;
//! - [`site`]: every ordering of the core, by name.
//!
//! # Choosing a backend
//!
//! The cfg needs a private feature of the package: `_loom`, `_porf`, `_shuttle` or `_steered`. The
//! feature brings in the package that the backend needs; without the cfg it changes nothing. A
//! crate that checks a structure of its own on these pools sets both: under loom
//! `--cfg stampool_model="loom"` in `RUSTFLAGS`, and in its manifest
//!
//! ```toml
//! [target.'cfg(stampool_model = "loom")'.dependencies]
//! stampool = { version = "0.1", features = ["_loom"] }
//! ```
//!
//! and under porf the same with `"porf"` and `_porf`. The chapter
//! [`your_structure`](crate::docs::your_structure) shows such a crate, with its check.
//!
//! # What the checkers cannot see
//!
//! loom treats `SeqCst` accesses as `AcqRel`, and never fails a `compare_exchange_weak` spuriously;
//! no site of the core uses either. In loom a failed compare-exchange reads the newest value; in
//! porf it reads any value that a load may read. porf models RC11, which forbids load buffering;
//! loom never produces it. shuttle runs everything sequentially consistent: it sees interleavings,
//! not orderings. loom takes all values of a thread away before the first of their destructors runs,
//! and its `join` may come back before the last one has run.

#[cfg(all(stampool_model = "loom", stampool_model = "shuttle"))]
compile_error!("choose one stampool_model: \"loom\" or \"shuttle\"");

#[cfg(all(stampool_model = "loom", not(feature = "_loom")))]
compile_error!("stampool_model=\"loom\" needs stampool's private feature `_loom` as well");
#[cfg(all(stampool_model = "porf", not(feature = "_porf")))]
compile_error!("stampool_model=\"porf\" needs stampool's private feature `_porf` as well");
#[cfg(all(stampool_model = "shuttle", not(feature = "_shuttle")))]
compile_error!("stampool_model=\"shuttle\" needs stampool's private feature `_shuttle` as well");
#[cfg(all(stampool_model = "steered", not(feature = "_steered")))]
compile_error!("stampool_model=\"steered\" needs stampool's private feature `_steered` as well");

#[cfg(not(any(
    stampool_model = "loom",
    stampool_model = "porf",
    stampool_model = "shuttle",
    stampool_model = "steered"
)))]
#[path = "real.rs"]
mod backend;
#[cfg(stampool_model = "loom")]
#[path = "loom.rs"]
mod backend;
#[cfg(stampool_model = "porf")]
#[path = "porf.rs"]
mod backend;
#[cfg(stampool_model = "shuttle")]
#[path = "shuttle.rs"]
mod backend;
#[cfg(stampool_model = "steered")]
#[path = "steered.rs"]
mod backend;

mod constant;
mod fork_mutex;
mod in_place;
mod opaque;
mod serial;
pub mod site;

#[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
mod interned;
#[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
mod local_key;
#[cfg(any(stampool_model = "loom", stampool_model = "porf", stampool_model = "shuttle"))]
mod modelled;

use backend::PlainU64;
#[cfg(stampool_model = "shuttle")]
pub use backend::preempt_in_cells;
#[cfg(not(any(stampool_model = "loom", stampool_model = "shuttle")))]
pub use backend::thread_local;
pub use backend::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicU128, AtomicUsize, BACKEND, Mutex, MutexGuard, OnceLock,
    UnsafeCell, fence, is_lock_free_u64, is_lock_free_u128, thread,
};
pub(crate) use constant::{array_of, const_when_shipped};
pub use core::sync::atomic::Ordering;
pub use fork_mutex::ForkMutex;
pub use in_place::InPlace;
#[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
pub(crate) use local_key::thread_local;
pub(crate) use opaque::opaque;
pub use serial::{Places, PoolId, Serial};
/// Reference counts are std's in every build, because they are not under check.
pub use std::sync::{Arc, Weak};
/// For state that belongs to the process and not to one execution of a checker: std's types in
/// every build.
pub use std::{process::abort, sync::Mutex as ProcessMutex, thread::panicking};
#[cfg(any(stampool_model = "loom", stampool_model = "shuttle"))]
pub use {
    backend::model_thread_local,
    local_key::{AccessError, LocalKey},
};

/// An atomic number that is not under check: it is a plain machine atomic in every build (the
/// steered backend counts its accesses), and it orders nothing. It serves for serial numbers, for
/// statistics, and for hints whose stale value costs time and nothing else.
#[derive(Debug, Default)]
pub struct Number(PlainU64);

impl Number {
    /// Starts at `value`.
    pub const fn new(value: u64) -> Self {
        Self(PlainU64::new(value))
    }

    /// The value; it may be out of date.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the number.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds `value`, without an RMW: only one thread at a time changes the number.
    #[inline(always)]
    pub fn bump(&self, value: u64) {
        self.0.store(self.get() + value, Ordering::Relaxed);
    }

    /// Adds `value`, and returns the number from before.
    pub fn add(&self, value: u64) -> u64 {
        self.0.fetch_add(value, Ordering::Relaxed)
    }

    /// Replaces the number by `value` if that is larger.
    pub fn raise(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

/// Takes a lock whose data stays consistent when a holder panics.
///
/// Poison is ignored, because the core's critical sections leave their data consistent before every
/// call that may panic: the calls of the source.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

/// A field that asserts: a thread that reaches this object has acquired the store that published
/// it.
///
/// It has no size and costs nothing when shipped. Under loom and porf it is a cell that the
/// creation writes and each later access reads, so an access that is not ordered after the creation
/// is reported as a data race.
pub struct Witness(UnsafeCell<()>);

opaque! { [] Witness; }

// SAFETY: the cell holds no data. A checker reports overlapping accesses.
unsafe impl Sync for Witness {}

// The cell holds no data that a panic could leave half changed.
impl core::panic::RefUnwindSafe for Witness {}

impl Witness {
    const_when_shipped! {
        /// Marks the creation of the object that holds it.
        #[inline(always)]
        pub fn created() -> Self {
            Self(constant::written())
        }
    }

    /// Asserts that the creation happens before this call.
    #[inline(always)]
    pub fn acquired(&self) {
        self.0.with(drop);
    }

    /// Asserts that all earlier calls of [`acquired`](Self::acquired), on any thread, happen before
    /// this call, and starts anew from here.
    #[inline(always)]
    pub fn renewed(&self) {
        self.0.with_mut(drop);
    }
}
