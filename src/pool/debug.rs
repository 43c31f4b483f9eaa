//! `Debug` for pools, handles and builders. It takes no lock and reads nothing that other threads
//! change; the counts of a pool are in its `Stats`.

use core::fmt;

use super::shared::Shared;
use super::{
    ExactPool, Local, ObjectPool, ObjectPoolBuilder, Pool, PoolBuilder, StampedLocal, StampedPool,
    StaticPool, ThreadLocalPool,
};
use crate::checking::Checking;
use crate::free_list::Strategy;

impl<S: Strategy, C: Checking> Shared<S, C> {
    /// Writes what never changes, under the name of the caller's type.
    fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("id", &self.id.get())
            .field("strategy", &self.mechanism.name)
            .field("checking", &C::NAME)
            .field("block_size", &self.layout.stride())
            .field("block_align", &self.layout.align())
            .field("batch_blocks", &self.mediator.batch().min)
            .finish_non_exhaustive()
    }
}

impl<S: Strategy, C: Checking> fmt::Debug for Pool<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared().describe("Pool", f)
    }
}

/// `Debug` of the other pools: what never changes of the [`Pool`] that each is made of.
macro_rules! described {
    ($([$($generics:tt)*] $name:ident<$($parameter:ident),*>;)*) => {$(
        impl<$($generics)*> fmt::Debug for $name<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.pool().shared().describe(stringify!($name), f)
            }
        }
    )*};
}
described! {
    [S: Strategy, C: Checking] ThreadLocalPool<S, C>;
    [S: Strategy] ExactPool<S>;
    [T, S: Strategy, M] ObjectPool<T, S, M>;
    [T, S: Strategy] StampedPool<T, S>;
}

impl<S: Strategy, C: Checking> fmt::Debug for StaticPool<S, C> {
    /// Does not build the pool if no call has built it yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.if_built() {
            Some(pool) => pool.pool().shared().describe("StaticPool", f),
            None => f.write_str("StaticPool(not built yet)"),
        }
    }
}

impl<S: Strategy, C: Checking> fmt::Debug for Local<'_, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cached = self.len_blocks();
        f.debug_struct("Local").field("cached_blocks", &cached).finish_non_exhaustive()
    }
}

impl<T, S: Strategy> fmt::Debug for StampedLocal<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cached = self.local().len_blocks();
        f.debug_struct("StampedLocal").field("cached_blocks", &cached).finish_non_exhaustive()
    }
}

impl<S: Strategy, C: Checking> fmt::Debug for PoolBuilder<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe("PoolBuilder", f)
    }
}

impl<T, S: Strategy, M> fmt::Debug for ObjectPoolBuilder<T, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool_builder().describe("ObjectPoolBuilder", f)
    }
}
