//! stampool's pools without a handle to carry: found through the thread, static, and without
//! caches.

use core::alloc::Layout;

use stampool::{AllocError, Block, ExactPool, Pool, Strategy, ThreadLocalPool};

use crate::batch::Batch;
use crate::subject::block_of;
use crate::{Handle, Measured, Subject};

/// A thread-local pool with batches of this size.
///
/// # Panics
///
/// Never, as far as it is known: the default settings can be had.
pub fn per_thread<S: Strategy>(layout: Layout, batch: Batch) -> NoHandle<ThreadLocalPool<S>> {
    let builder = Pool::builder(layout).strategy::<S>();
    let builder = batch.chosen(builder, layout);
    NoHandle(builder.build_thread_local().expect("a valid pool"))
}

/// A pool without caches.
///
/// # Panics
///
/// As [`per_thread`].
pub fn exact<S: Strategy>(layout: Layout) -> NoHandle<ExactPool<S>> {
    NoHandle(Pool::builder(layout).strategy::<S>().build_exact().expect("a valid pool"))
}

/// A pool that threads use without a handle.
pub struct NoHandle<P>(P);

/// A static pool, declared by the macro, of blocks of 64 bytes.
pub struct Static;

stampool::static_pool! {
    static STATIC: ThreadLocalPool = Pool::builder(block_of(64));
}

/// The calls themselves.
pub struct ByCall<'s, P>(&'s P);

/// `$pool`, used by its own calls, which `$of` leads to.
macro_rules! by_call {
    ($pool:ty, $kept:literal, |$this:ident| $of:expr $(, $strategy:ident)?) => {
        impl$(<$strategy: Strategy>)? Subject for $pool {
            type Refusal = AllocError;
            type Handle<'s> = ByCall<'s, Self>;

            fn attach(&self) -> Result<ByCall<'_, Self>, AllocError> {
                Ok(ByCall(self))
            }
        }

        impl$(<$strategy: Strategy>)? Measured for $pool {
            const KEPT: bool = $kept;

            fn blocks(&self) -> Option<usize> {
                let $this = self;
                Some($of.stats().carved_blocks)
            }
        }

        impl$(<$strategy: Strategy>)? Handle for ByCall<'_, $pool> {
            type Refusal = AllocError;

            #[inline]
            fn allocate(&mut self) -> Result<Block, AllocError> {
                let $this = self.0;
                $of.allocate()
            }

            #[inline]
            unsafe fn deallocate(&mut self, block: Block) {
                let $this = self.0;
                // SAFETY: by the caller.
                unsafe { $of.deallocate(block) };
            }
        }
    };
}

by_call!(NoHandle<ThreadLocalPool<S>>, true, |pool| pool.0, S);
by_call!(NoHandle<ExactPool<S>>, false, |pool| pool.0, S);
by_call!(Static, true, |_pool| STATIC);
