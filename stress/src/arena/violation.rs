//! What a run may find.

use core::any::Any;
use core::fmt;

use stampool::alloc::AllocError;

use crate::bump;

/// What is wrong with an arena.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Violation {
    /// With a block, or in a panic.
    Block(bump::Violation),
    /// More than the capacity.
    Exceeded {
        /// Bytes of the pages that classes have, or of the blocks that are live.
        has: usize,
        /// The capacity.
        capacity: usize,
    },
    /// A refusal that says something else than that the capacity is used up.
    Refused {
        /// The reason.
        error: AllocError,
        /// The bytes that were asked for.
        bytes: usize,
    },
    /// The arena is full, and too little of it is in use.
    Wasted {
        /// Bytes of live blocks.
        live: usize,
        /// The capacity.
        capacity: usize,
    },
    /// All blocks are free, and the arena counts some as live.
    Lost {
        /// How many.
        blocks: usize,
    },
    /// A trim was refused.
    Trim {
        /// The reason.
        error: AllocError,
    },
    /// All blocks are free and were trimmed, and classes have pages.
    PagesLeft {
        /// Their bytes.
        bytes: usize,
    },
}

impl Violation {
    /// What a thread's panic says.
    pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Self {
        Self::Block(bump::Violation::panicked(panic))
    }
}

impl From<bump::Violation> for Violation {
    fn from(found: bump::Violation) -> Self {
        Self::Block(found)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(found) => found.fmt(f),
            Self::Exceeded { has, capacity } => {
                write!(f, "the arena has {has} bytes, and its capacity is {capacity}")
            }
            Self::Refused { error, bytes } => write!(f, "{bytes} bytes were refused: {error}"),
            Self::Wasted { live, capacity } => {
                write!(f, "the arena is full with {live} bytes in use of {capacity}")
            }
            Self::Lost { blocks } => {
                write!(f, "the arena counts {blocks} blocks in use, and all were freed")
            }
            Self::Trim { error } => write!(f, "a trim was refused: {error}"),
            Self::PagesLeft { bytes } => {
                write!(
                    f,
                    "classes have {bytes} bytes of pages after a trim, and all blocks are free"
                )
            }
        }
    }
}
