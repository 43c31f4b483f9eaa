//! stampool's pool, under each strategy.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::{Local, Pool, Strategy};

use crate::batch::Batch;
use crate::{Handle, Subject};

/// A pool with batches of this size.
///
/// # Panics
///
/// Where the strategy cannot be had as asked: a figure for its fallback would be misleading.
pub fn pool<S: Strategy>(layout: Layout, batch: Batch) -> Pool<S> {
    let builder = Pool::builder(layout).strategy::<S>();
    let builder = builder.batch(batch.least).batch_up_to(batch.most);
    let pool = builder.build().expect("a valid pool");
    assert_eq!(pool.stats().strategy, S::NAME, "this machine falls back to another strategy");
    pool
}

impl<S: Strategy> Subject for Pool<S> {
    type Handle<'s> = Local<'s, S>;

    fn handle(&self) -> Local<'_, S> {
        self.local().expect("memory for a slot")
    }

    fn blocks(&self) -> Option<usize> {
        Some(self.stats().carved_blocks)
    }
}

impl<S: Strategy> Handle for Local<'_, S> {
    #[inline(always)]
    fn allocate(&mut self) -> NonNull<u8> {
        Local::allocate(self).expect("memory for a block")
    }

    #[inline(always)]
    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { Local::deallocate(self, block) };
    }
}
