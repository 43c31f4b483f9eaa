//! Pools of counted objects.

use std::sync::Arc;

use stampool::{ObjectPool, ObjectPoolBuilder, Strategy};

use super::tracked::{Tracked, Tracks};

/// Runs the same for every strategy, with caches and, where it can be, without.
#[allow(unused_macros, reason = "each test uses its part")]
macro_rules! with_every_pool {
    ($test:ident) => {
        if $crate::common::runs::<stampool::TaggedWide>() {
            $test::<stampool::TaggedWide>(|pool| pool.batch(4));
            $test::<stampool::TaggedPacked>(|pool| pool.exact());
        }
        if $crate::common::runs::<stampool::EpochDeferred>() {
            $test::<stampool::EpochDeferred>(|pool| pool.batch(4));
        }
        // Miri is slow, and the two above have a cache, none, and both ways to name a magazine.
        if !cfg!(miri) {
            $test::<stampool::TaggedPacked>(|pool| pool.batch(4));
            $test::<stampool::Quiescent>(|pool| pool.batch(4));
            $test::<stampool::Locked>(|pool| pool.batch(4));
            $test::<stampool::TaggedWide>(|pool| pool.exact());
            $test::<stampool::Quiescent>(|pool| pool.exact());
            $test::<stampool::Locked>(|pool| pool.exact());
        }
    };
}
#[allow(unused_imports, reason = "each test uses its part")]
pub(crate) use with_every_pool;

/// What makes a pool one of those above.
pub type Set<S, T = Tracked> = fn(ObjectPoolBuilder<T, S>) -> ObjectPoolBuilder<T, S>;

/// Makes objects anew.
pub fn per_get<S: Strategy>(tracks: &Arc<Tracks>) -> ObjectPoolBuilder<Tracked, S> {
    let tracks = Arc::clone(tracks);
    ObjectPool::builder().strategy::<S>().make(move || tracks.make())
}

/// Keeps objects constructed.
pub fn keeping<S: Strategy>(tracks: &Arc<Tracks>) -> ObjectPoolBuilder<Tracked, S> {
    let tracks = Arc::clone(tracks);
    ObjectPool::builder().strategy::<S>().keep(move || tracks.make(), Tracked::reset)
}

pub fn assert_all_free<T, S: Strategy>(pool: &mut ObjectPool<T, S>) {
    let census = pool.census();
    assert_eq!(census.free_blocks(), pool.stats().carved_blocks, "{census:?}");
}
