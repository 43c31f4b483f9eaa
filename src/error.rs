//! What can go wrong, as values.

use core::fmt;

/// Why there is no block, or no handle. No block is lost when a call returns one of these. Later frees
/// may make room, except where the reason is [`Unsupported`](Self::Unsupported).
// As wide as a pointer, so that a `Result<Block, AllocError>` is returned in two registers.
// Codegen: C2 (`papers/codegen.md`).
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AllocError {
    /// The source gave no memory for another chunk, or for the slot of another handle. It may have
    /// memory, and no region of the size needed: a chunk is larger than the block by its header.
    OutOfMemory,
    /// The source returned a misaligned region. The region went back to the source.
    MisalignedSource,
    /// As many blocks are in use as the pool's capacity grants. Or the pool has carved as many as its
    /// builder allowed; free ones may then lie in the caches of other handles. Or an allocator that
    /// does not grow, on a buffer or on one region, has no room for the block. Or the block would exceed
    /// the limit that a `Limited` sets for an allocator.
    Capacity,
    /// The pool refuses to wrap its tags and has used half of them. The other half is kept for
    /// frees.
    TagsExhausted,
    /// The pool has as many magazines as its index can name.
    MagazinesExhausted,
    /// The pool is sealed, and has no free block, or no free slot for a handle. Or a scope of the
    /// stack allocator is open, and its parent was asked.
    Sealed,
    /// The allocator never serves such a layout, whatever is freed. A buffer that is not aligned
    /// has less room than its length, because bytes in front of an aligned block are skipped.
    Unsupported,
    /// The block cannot be resized where it lies.
    NotInPlace,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfMemory => {
                "the source gave no region of the size needed: free memory, or take a larger \
                 buffer, limit (`LimitedSource`) or block (`ArenaSource`)"
            }
            Self::MisalignedSource => {
                "the source gave misaligned memory, which its contract forbids: correct the source"
            }
            Self::Capacity => {
                "the capacity of the pool, buffer or limit is used up: free blocks, or raise it"
            }
            Self::TagsExhausted => {
                "half of the pool's tags are used, and it refuses to wrap them: build a new pool, \
                 or take a strategy with wider tags"
            }
            Self::MagazinesExhausted => {
                "the pool has as many magazines as it can name: build it with larger batches, or \
                 build several pools"
            }
            Self::Sealed => {
                "the pool is sealed and has no free block or slot: free a block, or drop a handle. \
                 Or a scope of the stack is open: allocate from the scope, or close it"
            }
            Self::Unsupported => {
                "the allocator never serves this layout: its block, buffer, region or limit has no \
                 room for that size at that alignment"
            }
            Self::NotInPlace => {
                "the block cannot be resized where it lies: `grow` or `shrink` may move it"
            }
        })
    }
}

impl core::error::Error for AllocError {}

/// A value for which the pool or the allocator had no block, and the reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Full<T> {
    /// The caller's value.
    pub value: T,
    /// Why there is no block for it.
    pub error: AllocError,
}

/// Shows the error but not the value, which need not implement `Debug`.
impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Full").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> core::error::Error for Full<T> {}

/// Why a pool, or an allocator of the family, could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuildError {
    /// A block of zero bytes.
    ZeroSize,
    /// A region of zero blocks.
    NoBlocks,
    /// A capacity of an arena below the least, or above the largest.
    ArenaCapacity {
        /// The capacity asked for, in bytes.
        requested: usize,
        /// The smallest capacity, in bytes: a page.
        least: usize,
        /// The largest capacity, in bytes.
        limit: usize,
    },
    /// A block whose padded size overflows.
    BlockTooLarge {
        /// The size asked for, in bytes.
        size: usize,
    },
    /// An alignment above the largest that the source can serve.
    Alignment {
        /// The alignment that the pool needs, in bytes: that of the blocks, or 64 for the pool's own
        /// memory if that is more.
        requested: usize,
        /// The largest possible alignment, in bytes.
        limit: usize,
    },
    /// A batch, or a largest batch, of zero blocks or of more than the limit.
    Batch {
        /// The batch or the largest batch that was asked for, in blocks.
        requested: usize,
        /// The largest batch, in blocks.
        limit: usize,
    },
    /// A largest batch that is smaller than the batch itself.
    BatchUpTo {
        /// The largest batch that was asked for, in blocks.
        requested: usize,
        /// The batch, in blocks.
        batch: usize,
    },
    /// A chunk of zero blocks, or of more than the limit: its size would overflow, or a
    /// [checked](crate::PoolBuilder::checked) pool cannot number that many blocks.
    Chunk {
        /// The chunk asked for, in blocks.
        requested: usize,
        /// The largest chunk, in blocks.
        limit: usize,
    },
    /// A capacity below one batch.
    CapacityBelowBatch {
        /// The capacity in blocks: as asked for, or as [`TagPolicy::Refuse`](crate::TagPolicy)
        /// bounds it.
        capacity: usize,
        /// The batch, in blocks.
        batch: usize,
    },
    /// A limbo that is larger than the limit.
    LimboMagazines {
        /// The magazines asked for, per slot.
        requested: usize,
        /// The most, per slot.
        limit: usize,
    },
    /// A topology of no shards, or of more than the limit.
    Shards {
        /// The shards that it has.
        requested: usize,
        /// The most.
        limit: usize,
    },
    /// A tag below 32 bits that may wrap.
    NarrowTag {
        /// The tag's width in bits.
        bits: u32,
        /// The narrowest that may wrap, in bits.
        limit: u32,
    },
    /// A pool without caches under a strategy that has a limbo. Such a pool reserves no magazines
    /// for a limbo.
    Cacheless {
        /// The strategy that has the limbo.
        strategy: &'static str,
    },
    /// The process has built 2^32 - 1 stamped pools. It gives no number twice, so that a name which
    /// outlives its pool is never taken for a name of another pool.
    PoolsExhausted,
    /// The pool could not obtain what it needs when it is built: a fallback cache, or the blocks
    /// and handles asked for. Or an allocator could not obtain its region.
    Fill {
        /// The reason.
        error: AllocError,
    },
    /// Lock freedom was required, and this strategy does not have it on this machine.
    NotLockFree {
        /// The strategy that would block.
        strategy: &'static str,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ZeroSize => write!(f, "a block of zero bytes, where 1 byte is the least"),
            Self::NoBlocks => write!(f, "a region of zero blocks, where 1 block is the least"),
            Self::ArenaCapacity { requested, least, limit } => {
                write!(f, "an arena of {requested} bytes, where {least} to {limit} can be had")
            }
            Self::BlockTooLarge { size } => {
                write!(f, "blocks of {size} bytes do not fit: no region can be as large as they ")?;
                f.write_str("need, or the bytes asked for are too few")
            }
            Self::Alignment { requested, limit } => {
                write!(f, "an alignment of {requested} bytes, where {limit} is the limit")?;
                f.write_str(": take less, or another source")
            }
            Self::Batch { requested, limit } => {
                write!(f, "a batch, or a largest batch, of {requested} blocks")?;
                write!(f, ", where 1 to {limit} can be had")
            }
            Self::BatchUpTo { requested, batch } => {
                write!(
                    f,
                    "batches of {batch} blocks cannot grow up to {requested}, which is less"
                )?;
                f.write_str(": raise `batch_up_to`, or lower `batch`")
            }
            Self::Chunk { requested, limit } => {
                write!(f, "a chunk, or an arena, of {requested} blocks")?;
                write!(f, ", where 1 to {limit} can be had")
            }
            Self::CapacityBelowBatch { capacity: 0, .. } => {
                f.write_str("a capacity of 0 blocks, where 1 is the least")
            }
            Self::CapacityBelowBatch { capacity, batch } => {
                write!(f, "a capacity of {capacity} blocks, below the batch of {batch}")?;
                f.write_str(": choose smaller batches, or build an exact pool")
            }
            Self::LimboMagazines { requested, limit } => {
                write!(f, "a limbo of {requested} magazines per slot, where {limit} is the limit")
            }
            Self::Shards { requested, limit } => {
                write!(f, "a topology of {requested} shards, where 1 to {limit} can be had")
            }
            Self::NarrowTag { bits, limit } => {
                write!(f, "a tag of {bits} bits that may wrap, where {limit} are the least")?;
                f.write_str(": take wider tags, or `TagPolicy::Refuse`")
            }
            Self::Cacheless { strategy } => {
                write!(f, "{strategy} cannot do without caches")?;
                f.write_str(": choose another strategy, or a pool that is not exact")
            }
            Self::PoolsExhausted => f.write_str(
                "the process has built 2^32 - 1 stamped pools, and no number is left for another: \
                 keep pools instead of building new ones",
            ),
            Self::Fill { error } => write!(f, "what it needs cannot be obtained: {error}"),
            Self::NotLockFree { strategy } => {
                write!(f, "{strategy} without a fallback is not lock-free on this machine")?;
                f.write_str(": choose another strategy, or leave `strict_lock_free` out")
            }
        }
    }
}

impl core::error::Error for BuildError {}
