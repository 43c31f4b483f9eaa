//! Building a pool of objects.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::super::PoolBuilder;
use super::blocks::Blocks;
use super::kept::Kept;
use super::objects::Objects;
use super::settings::{Constructor, LivePolicy, NoConstructor, Reset};
use super::{ObjectPool, reserved};
use crate::block::Block;
use crate::error::{AllocError, BuildError};
use crate::free_list::{Strategy, TaggedWide};
use crate::source::Source;

/// Builds an [`ObjectPool`]. Made by [`ObjectPool::builder`].
///
/// `M` is [`Constructor`] once [`make`](Self::make) or [`keep`](Self::keep) was called, and
/// [`NoConstructor`] before. It becomes the pool's.
#[must_use = "a builder does nothing until `build`"]
pub struct ObjectPoolBuilder<T, S: Strategy = TaggedWide, M = Constructor<T>> {
    blocks: PoolBuilder<S>,
    make: M,
    reset: Option<Reset<T>>,
    is_exact: bool,
    prefill: usize,
    handles: usize,
    is_sealed: bool,
    when_dropped: LivePolicy,
    _values: PhantomData<fn() -> T>,
}

impl<T> ObjectPool<T> {
    /// Builds a pool whose [`get`](Self::get) makes a new object each time, by `make`, with the
    /// builder's default settings. [`ObjectPoolBuilder::keep`] is for objects that are used again.
    ///
    /// # Errors
    ///
    /// As [`ObjectPoolBuilder::build`].
    ///
    /// # Example
    ///
    /// ```
    /// use stampool::ObjectPool;
    ///
    /// let pool = ObjectPool::new(Vec::<u8>::new)?;
    /// let mut bytes = pool.get()?;
    /// bytes.push(1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Result<Self, BuildError> {
        Self::builder().make(make).build()
    }

    /// Starts building a pool of `T`s.
    pub fn builder() -> ObjectPoolBuilder<T, TaggedWide, NoConstructor> {
        ObjectPoolBuilder::new()
    }
}

impl<T> ObjectPoolBuilder<T, TaggedWide, NoConstructor> {
    pub(super) fn new() -> Self {
        Self {
            blocks: PoolBuilder::new(Layout::new::<T>()),
            make: NoConstructor,
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

impl<T, S: Strategy, M> ObjectPoolBuilder<T, S, M> {
    /// Chooses the strategy against ABA. The default is [`TaggedWide`].
    pub fn strategy<U: Strategy>(self) -> ObjectPoolBuilder<T, U, M> {
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
    pub fn make(
        self,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> ObjectPoolBuilder<T, S, Constructor<T>> {
        self.constructed(make, None)
    }

    /// Keeps objects constructed. `make` makes an object if the block has none. When a handle is
    /// dropped, `reset` restores the object to its initial state. Such a pool has at most 2^31 - 8
    /// objects. Of `keep` and [`make`](Self::make) the last call counts.
    pub fn keep(
        self,
        make: impl Fn() -> T + Send + Sync + 'static,
        reset: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> ObjectPoolBuilder<T, S, Constructor<T>> {
        self.constructed(make, Some(Box::new(reset)))
    }

    fn constructed(
        self,
        make: impl Fn() -> T + Send + Sync + 'static,
        reset: Option<Reset<T>>,
    ) -> ObjectPoolBuilder<T, S, Constructor<T>> {
        ObjectPoolBuilder {
            blocks: self.blocks,
            make: Constructor(Box::new(make)),
            reset,
            is_exact: self.is_exact,
            prefill: self.prefill,
            handles: self.handles,
            is_sealed: self.is_sealed,
            when_dropped: self.when_dropped,
            _values: PhantomData,
        }
    }

    /// Builds the pool without caches: taking an object then fails only if all objects are in use.
    /// [`build`](Self::build) refuses this under [`EpochDeferred`](crate::EpochDeferred).
    /// [`batch`](Self::batch), [`batch_up_to`](Self::batch_up_to) and [`handles`](Self::handles)
    /// have no effect in such a pool.
    pub fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Grants so many objects in use at one time, as [`PoolBuilder::capacity`]. By default the
    /// source is the only limit.
    ///
    /// A pool with caches that keeps its objects may keep more than these, in the caches of its
    /// threads. To limit how many objects there are, build an [`exact`](Self::exact) pool.
    pub fn capacity(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.capacity(objects);
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

    /// Builds the pool and gets what it is prefilled with. Calls `finish` before the pool is sealed.
    fn filled(
        self,
        finish: impl FnOnce(&ObjectPool<T, S, M>) -> Result<(), AllocError>,
    ) -> Result<ObjectPool<T, S, M>, BuildError> {
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
        let objects = Objects {
            blocks: ManuallyDrop::new(blocks),
            reset: self.reset,
            when_dropped: self.when_dropped,
            _values: PhantomData,
        };
        let pool = ObjectPool { objects, make: self.make };
        let fill = || {
            if self.prefill > 0 || self.handles > 0 {
                pool.objects.blocks.prefill(self.prefill, self.handles)?;
            }
            finish(&pool)?;
            if self.is_sealed { pool.seal() } else { Ok(()) }
        };
        fill().map_err(|error| BuildError::Fill { error })?;
        Ok(pool)
    }
}

impl<T, S: Strategy> ObjectPoolBuilder<T, S> {
    /// Builds a pool that has [`get`](ObjectPool::get).
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
        let (count, keeps) = (self.prefill, self.reset.is_some());
        self.filled(|pool| {
            let make = |block: Block| {
                // SAFETY: no other thread has the block that `visit` passes, and the pool keeps its
                // values.
                unsafe { reserved::construct(block.cast::<T>(), &pool.make.0) };
            };
            if keeps { pool.objects.blocks.visit(count, make) } else { Ok(()) }
        })
    }
}

impl<T, S: Strategy> ObjectPoolBuilder<T, S, NoConstructor> {
    /// Builds a pool without a constructor: it has [`create`](ObjectPool::create), and not
    /// [`get`](ObjectPool::get).
    ///
    /// # Errors
    ///
    /// As that of a builder with a constructor.
    pub fn build(self) -> Result<ObjectPool<T, S, NoConstructor>, BuildError> {
        self.filled(|_| Ok(()))
    }
}
