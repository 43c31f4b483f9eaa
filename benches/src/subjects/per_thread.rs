//! stampool's pools without a handle to carry: found through the thread, static, and without caches.

use core::ptr::NonNull;

use stampool::{ExactPool, Pool, Strategy, ThreadLocalPool};

use crate::subject::BLOCK;
use crate::{Handle, Subject};

/// A thread-local pool with batches of `batch` blocks.
///
/// # Panics
///
/// Never, as far as it is known: the default settings can be had.
pub fn per_thread<S: Strategy>(batch: usize) -> ThreadLocalPool<S> {
    let builder = Pool::builder(BLOCK).strategy::<S>().batch(batch);
    builder.build_thread_local().expect("a valid pool")
}

/// A pool without caches.
///
/// # Panics
///
/// As [`per_thread`].
pub fn exact<S: Strategy>() -> ExactPool<S> {
    Pool::builder(BLOCK).strategy::<S>().build_exact().expect("a valid pool")
}

/// A static pool, declared by the macro.
pub struct Static;

stampool::static_pool! {
    static STATIC: ThreadLocalPool = Pool::builder(BLOCK);
}

/// The calls themselves.
pub struct ByCall<'s, P>(&'s P);

impl<S: Strategy> Subject for ThreadLocalPool<S> {
    type Handle<'s> = ByCall<'s, Self>;

    fn handle(&self) -> ByCall<'_, Self> {
        ByCall(self)
    }
}

impl<S: Strategy> Handle for ByCall<'_, ThreadLocalPool<S>> {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        self.0.allocate().expect("memory for a block")
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block) };
    }
}

impl Subject for Static {
    type Handle<'s> = ByCall<'s, Self>;

    fn handle(&self) -> ByCall<'_, Self> {
        ByCall(self)
    }
}

impl Handle for ByCall<'_, Static> {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        STATIC.allocate().expect("memory for a block")
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { STATIC.deallocate(block) };
    }
}

impl<S: Strategy> Subject for ExactPool<S> {
    type Handle<'s> = ByCall<'s, Self>;

    fn handle(&self) -> ByCall<'_, Self> {
        ByCall(self)
    }
}

impl<S: Strategy> Handle for ByCall<'_, ExactPool<S>> {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        self.0.allocate().expect("memory for a block")
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block) };
    }
}
