//! Building a pool of objects.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::super::PoolBuilder;
use super::blocks::Blocks;
use super::kept::Kept;
use super::settings::{LivePolicy, Make, Reset};
use super::{ObjectPool, reserved};
use crate::chunk::FreeReads;
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

    /// How [`ObjectPool::get`] makes objects, each time anew.
    pub fn make(mut self, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.make = Some(Box::new(make));
        self.reset = None;
        self
    }

    /// Keeps objects constructed: `make` makes one when a block has none, and `reset` brings it
    /// back to what it was when its handle goes. Such a pool has at most 2^31 - 8 objects.
    pub fn keep(
        mut self,
        make: impl Fn() -> T + Send + Sync + 'static,
        reset: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> Self {
        self.make = Some(Box::new(make));
        self.reset = Some(Box::new(reset));
        self
    }

    /// Without caches: a refusal means that all objects are taken. Not under
    /// [`EpochDeferred`](crate::EpochDeferred). [`batch`](Self::batch) then says nothing.
    pub fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// The most objects ever, at least a batch where there are caches. Without it: what the source
    /// gives.
    pub fn capacity(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.capacity_blocks(objects);
        self
    }

    /// Objects per batch, as [`PoolBuilder::batch`].
    pub fn batch(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.batch(objects);
        self
    }

    /// The most objects per batch, as [`PoolBuilder::batch_up_to`].
    pub fn batch_up_to(mut self, objects: usize) -> Self {
        self.blocks = self.blocks.batch_up_to(objects);
        self
    }

    /// Where memory comes from. Without it: the program's allocator.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.blocks = self.blocks.source(source);
        self
    }

    /// Has memory for so many objects from the start; a pool that keeps makes the objects, too.
    ///
    /// Where there are caches, threads that each fill one need 2B objects more apiece; where
    /// batches grow, two of the largest.
    pub fn prefill(mut self, objects: usize) -> Self {
        self.prefill = objects;
        self
    }

    /// Has handles for so many threads from the start, where there are caches. In a sealed pool
    /// further ones share one cache, behind a lock.
    pub fn handles(mut self, threads: usize) -> Self {
        self.handles = threads;
        self
    }

    /// Never asks the source for anything once the pool is built: what was had by
    /// [`prefill`](Self::prefill) and [`handles`](Self::handles) has to do.
    pub fn sealed(mut self) -> Self {
        self.is_sealed = true;
        self
    }

    /// What happens when the pool is dropped while objects are live.
    pub fn when_dropped(mut self, policy: LivePolicy) -> Self {
        self.when_dropped = policy;
        self
    }

    /// Changes other settings of the pool of blocks underneath. [`strategy`](Self::strategy)
    /// chooses the strategy.
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
    /// [`BuildError::Fill`] where there is no memory for what is wanted from the start.
    ///
    /// # Panics
    ///
    /// What the constructor panics with, when it fills a pool that keeps.
    pub fn build(self) -> Result<ObjectPool<T, S>, BuildError> {
        let keeps = self.reset.is_some();
        let value = if keeps { Layout::new::<Kept<T>>() } else { Layout::new::<T>() };
        // For a value without a size its address does: each has one of its own.
        let size = value.size().max(1);
        let layout = Layout::from_size_align(size, value.align())
            .map_err(|_| BuildError::BlockTooLarge { size })?;
        let mut blocks = self.blocks.layout(layout);
        if keeps {
            blocks = blocks.numbered(Kept::<T>::write_header, FreeReads::Forbidden);
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
    /// Has so many blocks, with values where the pool keeps, and handles. Before anybody else uses
    /// it.
    fn fill(&self, count: usize, handles: usize) -> Result<(), AllocError> {
        if count > 0 || handles > 0 {
            self.blocks.prefill(count, handles)?;
        }
        let (Some(_), Some(make)) = (&self.reset, &self.make) else { return Ok(()) };
        // SAFETY: each block is shown to us alone, and the pool keeps.
        self.blocks.visit(count, |block| unsafe { reserved::construct(block.cast::<T>(), make) })
    }
}
