//! A kept fault of the checks themselves: a mutex around every operation of a scenario.
//!
//! With `STAMPOOL_ONE_AT_A_TIME` set, the threads of a scenario do their operations one after the
//! other. The interleavings inside of the operations are lost, and that is what these checks are
//! for. Such a run may still see every outcome of the specification, whose steps are operations. So
//! the number of executions of each exhausted row is kept, and `cargo xtask checks
//! --one-at-a-time` shows that the fault changes it.
//!
//! The lock is the checker's own, one for each execution. It lies in a variable of std's that the
//! checker does not see: the threads of a model are coroutines of one thread of the system.

use core::cell::RefCell;
use std::sync::{Arc, LazyLock};

use stampool::raw::sync::{Mutex, lock};

/// The variable that turns the fault on.
pub const VARIABLE: &str = "STAMPOOL_ONE_AT_A_TIME";

static IS_ON: LazyLock<bool> = LazyLock::new(|| std::env::var_os(VARIABLE).is_some());

std::thread_local! {
    /// The lock of the execution that runs, if the fault is on.
    static LOCK: RefCell<Option<Arc<Mutex<()>>>> = const { RefCell::new(None) };
}

/// Runs one execution of a model.
pub fn execution<T>(body: impl FnOnce() -> T) -> T {
    if !*IS_ON {
        return body();
    }
    LOCK.set(Some(Arc::new(Mutex::new(()))));
    let result = body();
    LOCK.take();
    result
}

/// Runs one operation of a scenario's thread. With the fault, no other thread is in an operation
/// meanwhile. Operations do not nest.
pub fn operation<T>(run: impl FnOnce() -> T) -> T {
    let Some(mutex) = LOCK.with_borrow(Option::clone) else { return run() };
    let _alone = lock(&mutex);
    run()
}
