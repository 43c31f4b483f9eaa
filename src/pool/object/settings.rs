//! What the user of an object pool decides: how the pool makes and resets values, and what happens
//! to live objects when it is dropped.

/// Makes a value.
pub(super) type Make<T> = Box<dyn Fn() -> T + Send + Sync>;
/// Restores a value to its initial state.
pub(super) type Reset<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// What a pool does if it is dropped while some of its objects are live: detached objects, and
/// objects whose handles were forgotten. No policy drops the values of these objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LivePolicy {
    /// The pool leaks all memory, and drops the values that no user has. The owner of a detached
    /// pointer may continue to use it. The default, because a forgotten object then costs only
    /// memory.
    #[default]
    KeepMemory,
    /// The pool returns all memory to the source, so detached pointers dangle. Dropping the pool
    /// then does not count the blocks.
    Free,
    /// As [`KeepMemory`](Self::KeepMemory), and then a panic with the number of live objects. If
    /// the thread is already unwinding, there is no second panic.
    Panic,
}
