//! A kept fault of the checks themselves: a mutex around every operation.
//!
//! With [`VARIABLE`] set in the environment, the threads of a model do their operations one after
//! the other. The interleavings inside of the operations are lost, and that is what the checks are
//! for. Such a run may still see every outcome of the specification, whose steps are operations. So
//! it is worth while to keep the number of executions of each exhausted check, and to see once that
//! the fault changes it.
//!
//! The lock is the checker's own, one for each execution. It lies in a variable of std's that the
//! checker does not see: the threads of a model are coroutines of one thread of the system.

use core::cell::RefCell;
use std::sync::{Arc, LazyLock};

/// The variable that turns the fault on.
pub const VARIABLE: &str = "EXACT_OUTCOMES_ONE_AT_A_TIME";

static IS_ON: LazyLock<bool> = LazyLock::new(|| std::env::var_os(VARIABLE).is_some());

std::thread_local! {
    /// The lock of the execution that runs, if the fault is on.
    static LOCK: RefCell<Option<Arc<dyn Alone>>> = const { RefCell::new(None) };
}

/// A checker's mutex.
pub trait Alone {
    /// Runs `operation` while no other thread runs one.
    fn run(&self, operation: &mut dyn FnMut());
}

/// Implements [`Alone`] for a checker's mutex, and makes one by the name of the checker.
macro_rules! alone {
    ($feature:literal, $checker:ident) => {
        #[cfg(feature = $feature)]
        impl Alone for ::$checker::sync::Mutex<()> {
            fn run(&self, operation: &mut dyn FnMut()) {
                let _alone = self.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                operation();
            }
        }

        #[doc = concat!("A mutex of ", $feature, "'s.")]
        #[cfg(feature = $feature)]
        #[must_use]
        pub fn $checker() -> Arc<dyn Alone> {
            Arc::new(::$checker::sync::Mutex::new(()))
        }
    };
}

alone!("loom", loom);
alone!("porf", porf);
alone!("shuttle", shuttle);

/// Runs one execution of a model; `lock` makes a mutex of the checker that runs it.
pub fn execution<T>(lock: impl FnOnce() -> Arc<dyn Alone>, body: impl FnOnce() -> T) -> T {
    if !*IS_ON {
        return body();
    }
    LOCK.set(Some(lock()));
    let result = body();
    LOCK.take();
    result
}

/// Runs one operation of a thread. With the fault, no other thread is in an operation meanwhile.
/// Operations do not nest.
///
/// # Panics
/// If a checker's lock does not run what it was given.
pub fn operation<T>(run: impl FnOnce() -> T) -> T {
    let Some(lock) = LOCK.with_borrow(Option::clone) else { return run() };
    let (mut run, mut result) = (Some(run), None);
    lock.run(&mut || result = run.take().map(|run| run()));
    result.expect("a lock runs the operation")
}
