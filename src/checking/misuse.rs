//! The kinds of misuse, and their messages.

use core::fmt;

use crate::sync::PoolId;

/// A block of a pool, by number. The numbers follow the order of the chunks, and the order of
/// addresses within a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Number of the pool in this process.
    pub pool: PoolId,
    /// Number of the block in the pool.
    pub block: usize,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block #{} of {}", self.block, self.pool)
    }
}

/// A misuse that a pool has detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A free of a block that is free already.
    FreedTwice(Named, u32),
    /// A free of a block that was never handed out.
    NeverHandedOut(Named),
    /// A free of a pointer into a block.
    Interior(Named, usize),
    /// A free, into the pool of this number, of another pool's block.
    OtherPool(Named, PoolId),
    /// A free, into the pool of this number, of a block of a pool that has been dropped.
    DroppedPool(Named, PoolId),
    /// A free, into the pool of this number, of an address that no checked pool knows.
    Foreign(usize, PoolId),
    /// A block in a place that its state excludes, because two threads freed it at one time.
    FreedAtOnce(Named, u32),
    /// A freed block was written to: the offset, the byte there, and the byte expected.
    Written(Named, usize, u8, u8),
}

impl Misuse {
    /// Panics with the message.
    #[cold]
    #[track_caller]
    pub(crate) fn report(self) -> ! {
        panic!("stampool: {self}")
    }

    /// Whether the thread that found the misuse still owns the block.
    pub(crate) const fn leaves_the_block(self) -> bool {
        matches!(self, Self::Written(..))
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::FreedTwice(block, generation) => {
                write!(f, "{block} was freed twice (generation {generation})")
            }
            Self::NeverHandedOut(block) => {
                write!(f, "{block} was freed, and was never handed out")
            }
            Self::Interior(block, offset) => {
                write!(f, "an interior pointer was freed, {offset} bytes into {block}")
            }
            Self::OtherPool(block, into) => write!(f, "{block} was freed into {into}"),
            Self::DroppedPool(block, into) => {
                write!(f, "{block}, which was dropped, was freed into {into}")
            }
            Self::Foreign(address, into) => {
                write!(f, "{address:#x}, not from any checked pool, was freed into {into}")
            }
            Self::FreedAtOnce(block, generation) => write!(
                f,
                "{block} was freed twice, by two threads at one time (generation {generation})"
            ),
            Self::Written(block, offset, found, expected) => write!(
                f,
                "{block} was written to after it was freed: byte {offset} is {found:#04x}, not \
                 {expected:#04x}"
            ),
        }
    }
}
