//! Building a pool.

mod sizes;

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::in_use::InUse;
use super::shared::{Growth, PrepareBlock, Shared};
use super::{ExactPool, Pool, ThreadLocalPool};
use crate::block::BlockLayout;
use crate::checking::{Checked, Checking, Hardened, Unchecked};
use crate::chunk::{BlockTable, Carver, ChunkSizes, Regions, WriteHeader};
use crate::error::BuildError;
use crate::free_list::{
    DoubleWidthCas, Magazine, Reclaimer, Requirements, Strategy, TagPolicy, TaggedWide,
};
use crate::mediator::Mediator;
use crate::source::{Source, SystemSource};
use crate::sync::{AtomicU32, PoolId};
use crate::thread_cache::Registry;
use crate::threads::{self, ExplicitHandles, ThreadHandling, Topology};

/// The most shards.
const MAX_SHARDS: usize = 1 << 10;
/// The most magazines per slot that may wait.
const MAX_LIMBO: usize = 1 << 10;

/// Builds a [`Pool`]. Made by [`Pool::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    layout: Layout,
    batch: Option<usize>,
    batch_up_to: Option<usize>,
    capacity: Option<usize>,
    in_use: Option<usize>,
    chunks: ChunkSizes,
    source: Box<dyn Source>,
    handling: Box<dyn ThreadHandling>,
    topology: Option<Box<dyn Topology>>,
    requirements: Requirements,
    /// Numbers the blocks, in a stamped pool.
    block_table: Option<BlockTable>,
    /// Writes to each fresh block, in a pool that keeps values.
    prepare: Option<PrepareBlock>,
    /// A hardened pool fills freed blocks with zeros instead of the pattern.
    zero_on_free: bool,
    _types: PhantomData<fn() -> (S, C)>,
}

impl Pool {
    /// Starts building a pool of blocks for values of `layout`.
    pub fn builder(layout: Layout) -> PoolBuilder {
        PoolBuilder::new(layout)
    }
}

impl PoolBuilder {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            batch: None,
            batch_up_to: None,
            capacity: None,
            in_use: None,
            chunks: ChunkSizes::DEFAULT,
            source: Box::new(SystemSource),
            handling: Box::new(ExplicitHandles),
            topology: None,
            requirements: Requirements::default(),
            block_table: None,
            prepare: None,
            zero_on_free: false,
            _types: PhantomData,
        }
    }
}

impl<S: Strategy, C: Checking> PoolBuilder<S, C> {
    /// Chooses the strategy against ABA. The default is [`TaggedWide`].
    pub fn strategy<T: Strategy>(self) -> PoolBuilder<T, C> {
        self.with()
    }

    /// Chooses how the pool detects misuse by type, for code that is generic over it. All other
    /// code calls [`checked`](Self::checked) or [`hardened`](Self::hardened). By default the pool
    /// detects nothing.
    pub fn checking<D: Checking>(self) -> PoolBuilder<S, D> {
        Self { zero_on_free: false, ..self }.with()
    }

    /// Makes the pool keep a word for each block, beside the block's chunk, and check it at every
    /// allocation and free. A free of a block that is free already, of a pointer that is no block,
    /// or of another pool's block panics, says what it was, and changes nothing. The chapter
    /// [`checking`](crate::docs::checking) has the cost, and the misuse that goes unseen.
    pub fn checked(self) -> PoolBuilder<S, Checked> {
        Self { zero_on_free: false, ..self }.with()
    }

    /// As [`checked`](Self::checked), and more: the pool fills each freed block with a pattern and
    /// checks the pattern before it hands the block out again, so that a write after the free is
    /// found; each handle holds 16 freed blocks back; fresh blocks are handed out in a random
    /// order. A hardened pool writes into blocks while they are free.
    pub fn hardened(self) -> PoolBuilder<S, Hardened> {
        Self { zero_on_free: false, ..self }.with()
    }
}

impl<S: Strategy> PoolBuilder<S, Hardened> {
    /// Fills freed blocks with zeros instead of a pattern: their content is gone, and blocks are
    /// zero when they are handed out. A later call of [`checked`](Self::checked),
    /// [`hardened`](Self::hardened) or [`checking`](Self::checking) undoes this.
    pub fn zero_on_free(mut self) -> Self {
        self.zero_on_free = true;
        self
    }
}

impl<S: Strategy, C: Checking> PoolBuilder<S, C> {
    pub(super) fn with<T: Strategy, D: Checking>(self) -> PoolBuilder<T, D> {
        PoolBuilder {
            layout: self.layout,
            batch: self.batch,
            batch_up_to: self.batch_up_to,
            capacity: self.capacity,
            in_use: self.in_use,
            chunks: self.chunks,
            source: self.source,
            handling: self.handling,
            topology: self.topology,
            requirements: self.requirements,
            block_table: self.block_table,
            prepare: self.prepare,
            zero_on_free: self.zero_on_free,
            _types: PhantomData,
        }
    }

    /// Sets the source of the pool's memory. The default is the program's allocator.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.source = Box::new(source);
        self
    }

    /// Replaces the layout that the builder was given.
    pub(super) fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Sets how the pool learns of threads and of their ends. The default is [`ExplicitHandles`].
    ///
    /// The pool asks for each handle that [`Pool::local`] makes. An exact pool has no handles, and
    /// the handles that a thread-local pool makes by itself hand their blocks in without this: for
    /// these the setting has no effect.
    pub fn threads(mut self, handling: impl ThreadHandling + 'static) -> Self {
        self.handling = Box::new(handling);
        self
    }

    /// Divides the threads into shards, so that threads that run near each other exchange blocks
    /// with each other first. By default there is one shard. [`prefill`](Pool::prefill) and
    /// [`seal`](Pool::seal) put their blocks into the shard of the calling thread.
    ///
    /// With several shards, each batch that a handle gives away costs one more RMW, and a handle
    /// looks into all shards before it carves. The memory bound does not change.
    pub fn topology(mut self, topology: impl Topology + 'static) -> Self {
        self.topology = Some(Box::new(topology));
        self
    }

    /// Sets what the pool does when the tags run out. By default they wrap. Without effect under a
    /// strategy that has no tags, because nothing wraps there.
    pub fn tag_policy(mut self, policy: TagPolicy) -> Self {
        self.requirements.tag_policy = policy;
        self
    }

    /// Lets tags narrower than 32 bits wrap, which [`build`](Self::build) refuses otherwise. For
    /// experiments that show what goes wrong with narrow tags.
    ///
    /// # Safety
    ///
    /// Either no thread sleeps, between two steps of an exchange, through 2^bits removals from the
    /// same list; or the caller expects blocks to be handed out twice, and no thread writes to
    /// them.
    #[doc(hidden)]
    pub unsafe fn allow_narrow_tags(mut self) -> Self {
        self.requirements.narrow_tags = true;
        self
    }

    /// Sets how many emptied magazines per slot may wait until no thread can still be reading
    /// them: 1,024 at most, 16 by default. When the limbo is full, exchanges go through a lock
    /// until the threads that are reading have finished. With 0, all exchanges take the lock. With
    /// a small number, some take it although no thread is held up, because a grace period lasts
    /// longer than an exchange.
    ///
    /// Only a strategy that defers reuse lets magazines wait: [`EpochDeferred`]. Under the others
    /// the setting has no effect, whatever its value;
    /// [`Stats::limbo_limit`](crate::Stats::limbo_limit) is 0 there.
    ///
    /// [`EpochDeferred`]: crate::EpochDeferred
    pub fn limbo_magazines(mut self, magazines: usize) -> Self {
        self.requirements.limbo_magazines = magazines;
        self
    }

    /// Makes [`build`](Self::build) fail unless the strategy itself is lock-free on this machine. No
    /// fallback is accepted, also not one that is lock-free: where there is no double-width
    /// compare-and-swap, ask for [`TaggedPacked`](crate::TaggedPacked) instead of `TaggedWide`.
    pub fn strict_lock_free(mut self) -> Self {
        self.requirements.strict = true;
        self
    }

    /// Overrides what the machine reports about its double-width CAS. Only [`TaggedWide`] asks; for
    /// the other strategies the setting has no effect.
    pub fn double_width_cas(mut self, answer: DoubleWidthCas) -> Self {
        self.requirements.double_width_cas = answer;
        self
    }

    pub(super) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("strategy", &S::NAME)
            .field("checking", &C::NAME)
            .field("layout", &self.layout)
            .field("batch", &self.batch)
            .field("batch_up_to", &self.batch_up_to)
            .field("capacity", &self.in_use)
            .field("max_carved_blocks", &self.capacity)
            .field("chunks", &self.chunks)
            .finish_non_exhaustive()
    }

    /// Builds the pool. The call obtains no memory from the source.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the setting that cannot be met, and the limit.
    pub fn build(self) -> Result<Pool<S, C>, BuildError> {
        Ok(Pool { shared: self.shared()? })
    }

    fn shared(self) -> Result<NonNull<Shared<S, C>>, BuildError> {
        let layout = BlockLayout::new(self.layout, self.source.max_align())?;
        let mechanism = S::mechanism(self.requirements)?;
        let numbers = self.block_table.as_ref().map_or(usize::MAX, |_| BlockTable::LIMIT);
        let capacity = self.capacity.unwrap_or(usize::MAX).min(mechanism.max_blocks()).min(numbers);
        let batch = self.batches(layout, capacity)?;
        let limbo = mechanism.limbo_magazines;
        if limbo > MAX_LIMBO {
            return Err(BuildError::LimboMagazines { requested: limbo, limit: MAX_LIMBO });
        }
        let magazine = Magazine::layout(batch.min).expect("the largest batch has a layout");
        let slot = Shared::<S, C>::slot_parts(batch, 1 + limbo);
        debug_assert!(slot.is_some(), "the largest batch with the largest limbo has a layout");
        let limit = layout.most_blocks().min(C::CHUNK_LIMIT);
        if let ChunkSizes::Blocks(requested) = self.chunks
            && (requested == 0 || requested > limit)
        {
            return Err(BuildError::Chunk { requested, limit });
        }
        let shards = self.topology.as_ref().map_or(1, |topology| topology.shards());
        if shards == 0 || shards > MAX_SHARDS {
            return Err(BuildError::Shards { requested: shards, limit: MAX_SHARDS });
        }
        let carver = Carver::new(layout, magazine, batch.min, self.chunks, capacity);
        let id = PoolId::next();
        Ok(Shared::boxed(|rundown| Shared {
            mediator: Mediator::new(batch, shards, &mechanism),
            registry: Registry::new(),
            checking: C::new(id, layout, self.zero_on_free),
            source_reuses: self.source.reuses(),
            growth: Growth::new(carver, Regions::new(self.source)),
            handling: self.handling,
            topology: self.topology.filter(|_| shards > 1),
            hook: threads::hook(&rundown),
            rundown,
            id,
            mechanism,
            layout,
            capacity,
            in_use: self.in_use.map(InUse::new),
            sealed: AtomicU32::new(0),
            block_table: self.block_table,
            prepare: self.prepare,
        }))
    }

    /// Builds a pool that is used without a handle. The call obtains memory from the source, for the
    /// fallback cache.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`BuildError::Fill`] if there is no memory for the fallback
    /// cache, which threads without a cache of their own share.
    pub fn build_thread_local(self) -> Result<ThreadLocalPool<S, C>, BuildError> {
        ThreadLocalPool::new(self.build()?).map_err(|error| BuildError::Fill { error })
    }
}

impl<S: Strategy> PoolBuilder<S> {
    /// Builds a pool without caches, in which an allocation fails only if every block is in use.
    ///
    /// A [`checked`](Self::checked) builder has no such method, because its checks go by the caches.
    /// Four settings have no effect: the batch is one block, whatever [`batch`](Self::batch) and
    /// [`batch_up_to`](Self::batch_up_to) say, and because there are no handles, the pool has one
    /// shard, whatever the [`topology`](Self::topology), and asks no [`threads`](Self::threads).
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); [`BuildError::Cacheless`] under [`EpochDeferred`].
    ///
    /// [`EpochDeferred`]: crate::EpochDeferred
    pub fn build_exact(mut self) -> Result<ExactPool<S>, BuildError> {
        if S::Reclaimer::DEFERS {
            return Err(BuildError::Cacheless { strategy: S::NAME });
        }
        (self.batch, self.batch_up_to, self.topology) = (Some(1), None, None);
        if let Some(blocks) = self.in_use.take() {
            self.capacity = Some(self.capacity.map_or(blocks, |carved| carved.min(blocks)));
        }
        self.build().map(ExactPool::new)
    }

    /// Gives each block a number, and a header that `write_header` writes once.
    pub(super) fn numbered(self, write_header: WriteHeader) -> Self {
        Self { block_table: Some(BlockTable::new(write_header)), ..self }
    }

    /// Calls `prepare` for each fresh block.
    pub(super) fn prepared(self, prepare: PrepareBlock) -> Self {
        Self { prepare: Some(prepare), ..self }
    }
}
