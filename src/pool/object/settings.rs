//! What the user of an object pool decides: how the pool makes and resets values, and what happens
//! to live objects when it is dropped.

use core::fmt;

/// The third type parameter of an [`ObjectPool`](super::ObjectPool) whose builder was given a
/// constructor, by [`make`](super::ObjectPoolBuilder::make) or
/// [`keep`](super::ObjectPoolBuilder::keep). Such a pool has [`get`](super::ObjectPool::get).
pub struct Constructor<T>(pub(super) Box<dyn Fn() -> T + Send + Sync>);

impl<T> fmt::Debug for Constructor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Constructor").finish_non_exhaustive()
    }
}

/// The third type parameter of an [`ObjectPool`](super::ObjectPool) without a constructor. Each
/// object gets its value from the caller of [`create`](super::ObjectPool::create).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NoConstructor;

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
