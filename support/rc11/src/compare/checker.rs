//! What a checker offers to a program.

use core::sync::atomic::Ordering;

use super::seen::SeenGraph;

/// What a checker says about its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The number of complete executions.
    pub executions: Option<u64>,
    /// The number of executions that were begun and given up.
    pub blocked: Option<u64>,
}

/// A checker's atomics, threads and exploration. [`checker!`](crate::checker) implements it for
/// everything that has loom's modules.
pub trait Checker {
    /// A 64-bit atomic.
    type Atomic: Send + Sync + 'static;
    /// A thread that was started.
    type Thread;

    /// An atomic that holds zero.
    fn atomic() -> Self::Atomic;
    /// Reads.
    fn load(atomic: &Self::Atomic, order: Ordering) -> u64;
    /// Writes.
    fn store(atomic: &Self::Atomic, value: u64, order: Ordering);
    /// Adds, and gives what was there.
    fn fetch_add(atomic: &Self::Atomic, value: u64, order: Ordering) -> u64;
    /// Writes, and gives what was there.
    fn swap(atomic: &Self::Atomic, value: u64, order: Ordering) -> u64;
    /// Writes `new` if it finds `old`; gives what was there.
    fn compare_exchange(
        atomic: &Self::Atomic,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> u64;
    /// A fence.
    fn fence(order: Ordering);
    /// Starts a thread.
    fn spawn(body: impl FnOnce() -> Vec<Option<u64>> + Send + 'static) -> Self::Thread;
    /// Waits for a thread, and gives what it returned.
    fn join(thread: Self::Thread) -> Vec<Option<u64>>;
    /// The graph of the execution that runs, if the checker shows it. The main thread calls this
    /// when it has joined all others.
    fn graph() -> Option<SeenGraph>;
    /// Runs every execution of `model`.
    fn explore(model: impl Fn() + Send + Sync + 'static) -> Reported;
}

/// Implements [`Checker`] for a type: `$root` is the crate that has loom's modules, `$explore` the
/// function that runs every execution, `$graph` the one that gives the graph.
#[macro_export]
macro_rules! checker {
    ($type:ty, $root:ident, $explore:expr, $graph:expr) => {
        impl $crate::Checker for $type {
            type Atomic = $root::sync::atomic::AtomicU64;
            type Thread = $root::thread::JoinHandle<Vec<Option<u64>>>;

            fn atomic() -> Self::Atomic {
                $root::sync::atomic::AtomicU64::new(0)
            }
            fn load(atomic: &Self::Atomic, order: ::core::sync::atomic::Ordering) -> u64 {
                atomic.load(order)
            }
            fn store(atomic: &Self::Atomic, value: u64, order: ::core::sync::atomic::Ordering) {
                atomic.store(value, order);
            }
            fn fetch_add(
                atomic: &Self::Atomic,
                value: u64,
                order: ::core::sync::atomic::Ordering,
            ) -> u64 {
                atomic.fetch_add(value, order)
            }
            fn swap(
                atomic: &Self::Atomic,
                value: u64,
                order: ::core::sync::atomic::Ordering,
            ) -> u64 {
                atomic.swap(value, order)
            }
            fn compare_exchange(
                atomic: &Self::Atomic,
                old: u64,
                new: u64,
                success: ::core::sync::atomic::Ordering,
                failure: ::core::sync::atomic::Ordering,
            ) -> u64 {
                match atomic.compare_exchange(old, new, success, failure) {
                    Ok(found) | Err(found) => found,
                }
            }
            fn fence(order: ::core::sync::atomic::Ordering) {
                $root::sync::atomic::fence(order);
            }
            fn spawn(body: impl FnOnce() -> Vec<Option<u64>> + Send + 'static) -> Self::Thread {
                $root::thread::spawn(body)
            }
            fn join(thread: Self::Thread) -> Vec<Option<u64>> {
                thread.join().expect("no thread of a program panics")
            }
            fn graph() -> Option<$crate::SeenGraph> {
                $graph()
            }
            fn explore(model: impl Fn() + Send + Sync + 'static) -> $crate::Reported {
                $explore(model)
            }
        }
    };
}
