//! stampool's pool, under each strategy.

use core::alloc::Layout;

use stampool::{Checking, Pool, Strategy};

use crate::Measured;
use crate::batch::Batch;

/// A pool with batches of this size.
///
/// # Panics
///
/// Where the strategy cannot be had as asked: a figure for its fallback would be misleading.
pub fn pool<S: Strategy>(layout: Layout, batch: Batch) -> Pool<S> {
    checking_pool(layout, batch)
}

/// As [`pool`], with this detection of misuse.
///
/// # Panics
///
/// As there.
pub fn checking_pool<S: Strategy, C: Checking>(layout: Layout, batch: Batch) -> Pool<S, C> {
    let builder = Pool::builder(layout).strategy::<S>().checking::<C>();
    let pool = batch.chosen(builder, layout).build().expect("a valid pool");
    assert_eq!(pool.stats().strategy, S::NAME, "this machine falls back to another strategy");
    pool
}

impl<S: Strategy, C: Checking> Measured for Pool<S, C> {
    fn blocks(&self) -> Option<usize> {
        Some(self.stats().carved_blocks)
    }
}
