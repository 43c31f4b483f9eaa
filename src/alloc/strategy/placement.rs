//! From which part of a pool a block comes.

/// From which part of a [`StrategyPool`](super::StrategyPool) a block comes.
///
/// It is chosen with each request, and forgotten then: a block goes back without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// The shortest free range of the heap that is long enough. It serves every layout, rounds sizes up
    /// to 16 bytes, and takes time logarithmic in the number of free ranges.
    BestFit,
    /// A block of the one layout that the pool was given by
    /// [`with_fixed`](super::StrategyPool::with_fixed). A layout that does not fit into it is
    /// [`Unsupported`](crate::alloc::AllocError::Unsupported). It takes constant time.
    Fixed,
    /// A block of the least class of sizes that is large enough: 16, 32, 64 and so on up to 1,024 bytes,
    /// aligned to 16 at most. A larger layout is
    /// [`Unsupported`](crate::alloc::AllocError::Unsupported). It takes constant time, and up to half of
    /// the block is lost.
    Pooled,
    /// [`Pooled`](Self::Pooled) where a class is large enough, and otherwise, or if the class has no
    /// memory, [`BestFit`](Self::BestFit).
    Segregated,
}
