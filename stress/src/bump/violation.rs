//! What can be found wrong with an allocator that threads share.

use core::any::Any;
use core::fmt;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A byte of a live block was written by somebody else.
    ByteChanged {
        /// The block's address.
        block: usize,
        /// Which byte of it.
        at: usize,
    },
    /// Two live blocks share bytes.
    Overlap {
        /// The address of the lower one.
        lower: usize,
        /// That of the other one.
        upper: usize,
    },
    /// A block is not aligned as was asked.
    Misaligned {
        /// The block's address.
        block: usize,
        /// The alignment.
        align: usize,
    },
    /// A live block does not lie in the allocator's memory.
    NotOwned {
        /// The block's address.
        block: usize,
    },
    /// The allocator refuses what it must serve.
    Refused {
        /// Its words.
        reason: String,
        /// What was asked for, in bytes.
        bytes: usize,
    },
    /// The usage does not fit what was allocated.
    Usage {
        /// Bytes in use, as the allocator says.
        used: usize,
        /// The fewest that there must be.
        least: usize,
        /// The most that there can be.
        most: usize,
    },
    /// The allocator says another number of bytes than its source.
    Obtained {
        /// As the allocator says.
        allocator: usize,
        /// As the source says.
        source: usize,
    },
    /// Bytes are in use after a reset.
    UsedAfterReset {
        /// How many.
        used: usize,
    },
    /// Another number of regions is left after a reset than the one that is kept, or after a drop.
    RegionsLeft {
        /// How many.
        regions: usize,
        /// How many there should be at most.
        most: usize,
    },
    /// A region went back to the source that was not out, or had another layout.
    Released {
        /// Its address.
        region: usize,
    },
    /// The region that a reset kept is not the largest.
    NotTheLargest {
        /// Its size in bytes.
        kept: usize,
        /// The largest one's.
        largest: usize,
    },
    /// The allocator panicked.
    Panicked {
        /// What the panic said.
        what: String,
    },
}

impl Violation {
    /// A thread ended by this panic.
    pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Self {
        let what = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (_, Some(text)) => text.clone(),
            _ => "a panic without a text".to_owned(),
        };
        Self::Panicked { what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteChanged { block, at } => {
                write!(f, "byte {at} of the live block at {block:#x} was written by somebody else")
            }
            Self::Overlap { lower, upper } => {
                write!(f, "the live blocks at {lower:#x} and {upper:#x} share bytes")
            }
            Self::Misaligned { block, align } => {
                write!(f, "the block at {block:#x} is not aligned to {align}")
            }
            Self::NotOwned { block } => {
                write!(f, "the live block at {block:#x} is not in the allocator's memory")
            }
            Self::Refused { reason, bytes } => {
                write!(f, "{bytes} bytes must be served, and are refused: {reason}")
            }
            Self::Usage { used, least, most } => {
                write!(f, "{used} bytes are said to be in use, and not {least} to {most}")
            }
            Self::Obtained { allocator, source } => {
                write!(
                    f,
                    "the allocator has obtained {allocator} bytes, and its source gave {source}"
                )
            }
            Self::UsedAfterReset { used } => write!(f, "{used} bytes are in use after a reset"),
            Self::RegionsLeft { regions, most } => {
                write!(f, "{regions} regions are left, and not {most} at most")
            }
            Self::Released { region } => {
                write!(f, "the region at {region:#x} went back twice, or with another layout")
            }
            Self::NotTheLargest { kept, largest } => {
                write!(f, "the region that is kept has {kept} bytes, and the largest had {largest}")
            }
            Self::Panicked { what } => write!(f, "panic: {what}"),
        }
    }
}

impl core::error::Error for Violation {}
