//! Building a pool of objects.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::super::PoolBuilder;
use super::blocks::Blocks;
use super::kept::Kept;
use super::settings::{LivePolicy, Make, Reset};
use super::{ObjectPool, reserved};
use crate::error::{AllocError, BuildError};
use crate::free_list::{Strategy, TaggedWide};
use crate::source::Source;

/// Builds an [`ObjectPool`]. Made by [`ObjectPool::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct ObjectPoolBuilder<T, S: Strategy = TaggedWide> {
    blocks: PoolBuilder<S>,
    make: Option<Make<T>>,
    reset: Option<Reset<T>>,
    is_exact: bool,
    prefill: usize,
    handles: usize,
    is_sealed: bool,
    when_dropped: LivePolicy,
    _values: PhantomData<fn() -> T>,
}

impl<T> ObjectPool<T> {
    /// Starts building a pool of `T`s.
    pub fn builder() -> ObjectPoolBuilder<T> {
        ObjectPoolBuilder::new()
    }
}

impl<T> ObjectPoolBuilder<T> {
    pub(super) fn new() -> Self {
        Self {
            blocks: PoolBuilder::new(Layout::new::<T>()),
            make: None,
            reset: None,
            is_exact: false,
            prefill: 0,
            handles: 0,
            is_sealed: false,
            when_dropped: LivePolicy::default(),
            _values: PhantomData,
        }
    }
}

impl<T, S: Strategy> ObjectPoolBuilder<T, S> {
    /// Chooses the strategy against ABA. The default is [`TaggedWide`].
    pub fn strategy<U: Strategy>(self) -> ObjectPoolBuilder<T, U> {
        ObjectPoolBuilder {
            blocks: self.blocks.with(),
            make: self.make,
            reset: self.reset,
            is_exact: self.is_exact,
            prefill: self.prefill,
            handles: self.handles,
            is_sealed: self.is_sealed,
            when_dropped: self.when_dropped,
            _values: PhantomData,
        }
    }

    /// Sets the constructor with which [`ObjectPool::get`] makes a new object each time. Of `make`
    /// and [`keep`](Self::keep) the last call counts.
    pub fn make(mut self, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.make = Some(Box::new(make));
        self.reset = None;
        self
    }

    /// Keeps objects constructed. `make` makes an object if the block has none. When a handle is
    /// dropped, `reset` restores the object to its initial state. Such a pool has at most 2^31 - 8
    /// objects. Of `keep` and [`make`](Self::make) the last call counts.
    pub fn keep(
        mut self,
        make: impl Fn() -> T + Send + Sync + 'static,
        reset: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> Self {
        self.make = Some(Box::new(make));
        self.reset = Some(Box::new(reset));
        self
    }

    /// Builds the pool without caches: taking an object then fails only if all objects are in use.
    /// [`build`](Self::build) refuses this under [`EpochDeferred`](crate::EpochDeferred).
    /// [`batch`](Self::batch), [`batch_up_to`](Self::batch_up_to) and [`handles`](Self::handles)
    /// have no effect in such a pool.
    pub fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Limits the number of objects, to at least a batch if the pool has caches. By default the
    /// source is the only limit.
    pub fn capacity(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.capacity_blocks(objects);
        self
    }

    /// Sets the number of objects in a batch, as [`PoolBuilder::batch`].
    pub fn batch(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.batch(objects);
        self
    }

    /// Lets batches grow up to so many objects, as [`PoolBuilder::batch_up_to`].
    pub fn batch_up_to(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.batch_up_to(objects);
        self
    }

    /// Sets the source of the pool's memory. The default is the program's allocator.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.blocks = self.blocks.source(source);
        self
    }

    /// Makes [`build`](Self::build) obtain memory for so many objects. A pool that keeps its
    /// objects makes them as well.
    ///
    /// In a pool with caches, allow 2B more objects for each thread (two of the largest batches
    /// where batches grow).
    pub fn prefill(mut self, objects: usize) -> Self {
        self.prefill = objects;
        self
    }

    /// Makes [`build`](Self::build) make handles for so many threads, in a pool with caches. In a
    /// sealed pool, further threads share the fallback cache, behind a lock.
    pub fn handles(mut self, threads: usize) -> Self {
        self.handles = threads;
        self
    }

    /// Makes [`build`](Self::build) seal the pool, as [`ObjectPool::seal`]: the pool then never
    /// calls its source again. [`prefill`](Self::prefill) and [`handles`](Self::handles) say what
    /// it gets before that.
    pub fn sealed(mut self) -> Self {
        self.is_sealed = true;
        self
    }

    /// Sets what happens when the pool is dropped while objects are live.
    pub fn when_dropped(mut self, policy: LivePolicy) -> Self {
        self.when_dropped = policy;
        self
    }

    /// Changes other settings of the pool of blocks underneath. [`strategy`](Self::strategy)
    /// chooses the strategy. The layout of a builder that `set` returns has no effect: the blocks
    /// have that of a `T`.
    pub fn blocks(mut self, set: impl FnOnce(PoolBuilder<S>) -> PoolBuilder<S>) -> Self {
        self.blocks = set(self.blocks);
        self
    }

    pub(in super::super) const fn pool_builder(&self) -> &PoolBuilder<S> {
        &self.blocks
    }

    /// Builds the pool.
    ///
    /// # Errors
    ///
    /// As [`PoolBuilder::build`] and, for an exact pool, [`PoolBuilder::build_exact`];
    /// [`BuildError::Fill`] if there is no memory for the objects and handles asked for.
    ///
    /// # Panics
    ///
    /// If the constructor panics while it fills a pool that keeps its objects.
    pub fn build(self) -> Result<ObjectPool<T, S>, BuildError> {
        let keeps = self.reset.is_some();
        let value = if keeps { Layout::new::<Kept<T>>() } else { Layout::new::<T>() };
        // A value without a size gets a block of one byte, so that it has its own address.
        let size = value.size().max(1);
        let layout = Layout::from_size_align(size, value.align())
            .map_err(|_| BuildError::BlockTooLarge { size })?;
        let mut blocks = self.blocks.layout(layout);
        if keeps {
            blocks = blocks.prepared(Kept::<T>::prepare);
        }
        let blocks = if self.is_exact {
            Blocks::Exact(blocks.build_exact()?)
        } else {
            Blocks::Cached(blocks.build_thread_local()?)
        };
        let pool = ObjectPool {
            blocks: ManuallyDrop::new(blocks),
            make: self.make,
            reset: self.reset,
            when_dropped: self.when_dropped,
            _values: PhantomData,
        };
        let filled = pool.fill(self.prefill, self.handles);
        let sealed = filled.and_then(|()| if self.is_sealed { pool.seal() } else { Ok(()) });
        sealed.map_err(|error| BuildError::Fill { error })?;
        Ok(pool)
    }
}

impl<T, S: Strategy> ObjectPool<T, S> {
    /// Makes `count` blocks, with values if the pool keeps them, and `handles` handles. No other
    /// thread uses the pool yet.
    fn fill(&self, count: usize, handles: usize) -> Result<(), AllocError> {
        if count > 0 || handles > 0 {
            self.blocks.prefill(count, handles)?;
        }
        let (Some(_), Some(make)) = (&self.reset, &self.make) else { return Ok(()) };
        // SAFETY: no other thread has the block that `visit` passes, and the pool keeps its values.
        self.blocks.visit(count, |block| unsafe { reserved::construct(block.cast::<T>(), make) })
    }
}
