//! A model checker that is itself checked, for lock-free structures.
//!
//! loom explores the executions of a small concurrent program. On its own it has two weaknesses
//! that matter here. Version 0.7.3 passes over interleavings of the very shape that lock-free lists
//! consist of ("load head; CAS head"; upstream issues #166 and #392), so it is patched
//! (`support/exact-outcomes/loom-0.7.3-dpor.patch`, applied by `cargo xtask`). And a check that explored nothing looks the
//! same as one that explored everything, so a run counts for something only if it finished and saw
//! *exactly* the outcomes that an independent specification allows.
//!
//! The same scenarios also run under porf, the model checker of this repository, in a build of its
//! own (`tests/porf.rs`), and under shuttle (the crate `shuttle-tests`).
//!
//! The parts that know nothing of this library are a crate of their own, `exact-outcomes`: what
//! runs a closure under a checker, what enumerates the outcomes of a specification, and what
//! registers checks, runs each in a process of its own, and judges it. They are exported from here
//! under the names that they have there.
//!
//! | module | for |
//! |---|---|
//! | [`explore`] | run a closure under loom or porf; count executions, collect outcomes |
//! | [`spec`] | enumerate the outcomes that an abstract machine allows |
//! | [`harness`] | register [`Check`]s, run each in a process of its own, judge it |
//! | [`one_at_a_time`] | a fault of the checks: a mutex around every operation |
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

pub mod epoch_model;
pub mod litmus;
pub mod opaque;
pub mod program;
pub mod progress;
pub mod scenarios;
pub mod selfcheck;
pub mod twins;

pub use exact_outcomes::harness::{Check, Expectation};
pub use exact_outcomes::{canary, explore, harness, one_at_a_time, spec};
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
