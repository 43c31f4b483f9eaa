//! A model checker that is itself checked, for lock-free structures.
//!
//! loom explores the executions of a small concurrent program. On its own it has two weaknesses
//! that matter here. Version 0.7.3 passes over interleavings of the very shape that lock-free lists
//! consist of ("load head; CAS head"; upstream issues #166 and #392), so it is patched
//! (`loom-0.7.3-dpor.patch`, applied by `cargo xtask`). And a check that explored nothing looks the
//! same as one that explored everything, so a run counts for something only if it finished and saw
//! *exactly* the outcomes that an independent specification allows.
//!
//! The same scenarios also run under porf, the model checker of this repository, in a build of its
//! own (`tests/rc11.rs`), and under shuttle (the crate `shuttle-tests`).
//!
//! | module | for |
//! |---|---|
//! | [`explore`] | run a closure under loom or porf; count executions, collect outcomes |
//! | [`spec`] | enumerate the outcomes that an abstract machine allows |
//! | [`harness`] | register [`Check`]s, run each in a process of its own, judge it |
//! | [`canary`] | refuse to start under an unpatched or misconfigured loom |
//! | [`program`] | random and litmus programs as data, run on any checker |
//! | [`progress`] | rows in which porf stops one thread for ever |
//! | [`scenarios`] | the matrix of small programs that every strategy of the library runs |
//! | [`twins`] | faults that the scenarios must find |
//! | [`epoch_model`] | a specification of an epoch, which the checkers explore completely |
//! | [`opaque`] | libraries that the checkers cannot see into, behind the contract of a reclaimer |
//! | [`litmus`] | known C11 outcomes against what loom finds |
//! | [`selfcheck`] | rows by which each run checks that its checker still finds faults |
//!
//! # Checking a structure of your own
//!
//! Three things: a specification, a body that returns an outcome, and a registration. The body runs
//! once per execution and must be deterministic (no clock, no random number, no address compared);
//! it may start four threads beside its own.
//!
//! ```no_run
//! use std::collections::BTreeSet;
//!
//! use loom::sync::{Arc, atomic::{AtomicUsize, Ordering}};
//! use loom_tests::{explore::Bound, harness::{self, Check}, spec::{self, Object}};
//!
//! /// What a counter is: an atomic step per increment, whatever the code does.
//! #[derive(Clone, PartialEq, Eq, Hash)]
//! struct Counter(u32);
//!
//! impl Object for Counter {
//!     type Op = ();
//!     fn apply(&self, _thread: usize, (): &()) -> Vec<Self> {
//!         vec![Counter(self.0 + 1)]
//!     }
//!     fn outcome(&self) -> String {
//!         format!("count {}", self.0)
//!     }
//! }
//!
//! /// What the code does.
//! fn two_increments() -> String {
//!     let counter = Arc::new(AtomicUsize::new(0));
//!     let other = Arc::clone(&counter);
//!     let thread = loom::thread::spawn(move || other.fetch_add(1, Ordering::Relaxed));
//!     counter.fetch_add(1, Ordering::Relaxed);
//!     thread.join().unwrap();
//!     format!("count {}", counter.load(Ordering::Relaxed))
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let allowed: BTreeSet<String> = spec::interleavings(Counter(0), &[vec![()], vec![()]]);
//!     let checks = vec![
//!         Check::loom("counter", "two_increments", Bound::Unbounded, two_increments)
//!             .expect_exactly(allowed, 2),
//!     ];
//!     harness::main(checks, "loom")
//! }
//! ```
//!
//! # What loom passes over without a word
//!
//! - The environment: `LOOM_MAX_DURATION` and `LOOM_MAX_PERMUTATIONS` end a run early as a pass, a
//!   leftover `LOOM_CHECKPOINT_FILE` resumes one. [`explore`] sets everything in code and refuses
//!   to run with any `LOOM_` variable set.
//! - `compare_exchange_weak` never fails spuriously.
//! - A `compare_exchange` that fails reads the newest store; C11 allows an older one.
//! - `SeqCst` on an access is modelled as `AcqRel`; only fences are sequentially consistent.
//! - A value out of thin air or out of the future (load buffering) is never produced.
//! - Seven stores per location are remembered; an older one is never read again.
//! - A thread that called `yield_now` is not run again until another thread moved.
//! - Access to an `UnsafeCell` is checked for races, and is no scheduling point.
//! - `join` may return before the destructors of the thread's locals ran.

pub mod canary;
pub mod epoch_model;
pub mod explore;
pub mod harness;
pub mod litmus;
pub mod opaque;
pub mod program;
pub mod progress;
pub mod scenarios;
pub mod selfcheck;
pub mod spec;
pub mod twins;

pub use harness::{Check, Expectation};
pub use ledger::{Checker, Expect, Limit, Row, Verdict};

/// Which backend this crate, and with it the library under check, was compiled for.
///
/// A misspelt cfg value gives `"real"`: the harness then refuses to run a model.
pub const BACKEND: &str = if cfg!(stampool_model = "loom") {
    "loom"
} else if cfg!(stampool_model = "porf") {
    "porf"
} else if cfg!(stampool_model = "shuttle") {
    "shuttle"
} else {
    "real"
};
