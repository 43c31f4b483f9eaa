//! Pools of counted objects.

use std::sync::Arc;

use stampool::{EpochDeferred, ObjectPool, ObjectPoolBuilder, Strategy, TaggedPacked, TaggedWide};

use super::tracked::{Tracked, Tracks};

/// Runs the same for every strategy, with caches and, where it can be, without.
#[allow(unused_macros, reason = "each test uses its part")]
macro_rules! with_every_pool {
    ($test:ident) => {
        stampool::raw::each_strategy!(S => {
            if $crate::common::objects::has_caches::<S>() {
                $test::<S>(|pool| pool.batch(4));
            }
            if $crate::common::objects::has_none::<S>() {
                $test::<S>(|pool| pool.exact());
            }
        });
    };
}
#[allow(unused_imports, reason = "each test uses its part")]
pub(crate) use with_every_pool;

/// Whether this run has a pool with caches under `S`. Miri is slow: one tagged strategy has caches
/// there, and the other one has none, so that both ways to name a magazine run.
pub fn has_caches<S: Strategy>() -> bool {
    super::runs::<S>()
        && (!cfg!(miri) || [TaggedWide::<64>::NAME, EpochDeferred::NAME].contains(&S::NAME))
}

/// Whether this run has a pool without caches under `S`.
pub fn has_none<S: Strategy>() -> bool {
    let is_wanted = !cfg!(miri) || S::NAME == TaggedPacked::<32>::NAME;
    super::runs::<S>() && super::is_cacheless::<S>() && is_wanted
}

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
