//! Which pools and handles may be used after a panic.
//!
//! Four things may panic in a call: what the user gave (a constructor, a hook, a destructor, a
//! [`Source`](crate::Source), a [`Topology`](crate::Topology)), a check that has found misuse, an
//! assertion about an argument, and `expect` where the library has a fault. Before each of these
//! calls the pool is consistent, and it stays usable. So a closure that borrows a pool or a handle
//! may be given to `catch_unwind`.
//!
//! The values are another matter, because a panic may leave one half changed. An owner of a value
//! alone is as a `Box`, an owner with others as an `Arc`. An object pool itself shows no value that
//! a panic has met: it drops the value, or its hook has reset it.

use core::panic::{RefUnwindSafe, UnwindSafe};

use super::{
    ArenaSource, Counted, ExactPool, Local, ObjectPool, OwnedPooled, Pool, Pooled, SharedPooled,
    StampedLocal, StampedPool, StaticPool, ThreadLocalPool,
};
use crate::checking::Checking;
use crate::free_list::Strategy;

macro_rules! usable_after_a_panic {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> UnwindSafe for $type {}
        impl<$($generics)*> RefUnwindSafe for $type {}
    )*};
}
usable_after_a_panic! {
    [S: Strategy, C: Checking] Pool<S, C>;
    [S: Strategy, C: Checking] Local<'_, S, C>;
    [S: Strategy, C: Checking] ThreadLocalPool<S, C>;
    [S: Strategy, C: Checking] StaticPool<S, C>;
    [S: Strategy] ExactPool<S>;
    [S: Strategy] ArenaSource<S>;
    [T, S: Strategy, M] ObjectPool<T, S, M>;
    [T: RefUnwindSafe, S: Strategy] StampedPool<T, S>;
    [T: RefUnwindSafe, S: Strategy] StampedLocal<'_, T, S>;
    [T: RefUnwindSafe, S: Strategy, M] SharedPooled<T, S, M>;
}

impl<T: UnwindSafe, S: Strategy> UnwindSafe for Pooled<'_, T, S> {}
impl<T: RefUnwindSafe, S: Strategy> RefUnwindSafe for Pooled<'_, T, S> {}
impl<T: UnwindSafe, S: Strategy, M> UnwindSafe for OwnedPooled<T, S, M> {}
impl<T: RefUnwindSafe, S: Strategy, M> RefUnwindSafe for OwnedPooled<T, S, M> {}
// The count is right whatever panics.
impl<T: RefUnwindSafe> RefUnwindSafe for Counted<T> {}
