//! What can be found wrong, and the log that every thread reports it to.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;

use stampool::AllocError;

use super::stamp::Stamp;

/// One thing that the subject did and must not do.
///
/// Blocks are given by address, for comparison within one run only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// The block was handed to `second` while `first` had it.
    HandedOutTwice {
        /// Address of the block.
        block: usize,
        /// Allocation that holds the block, where it is known.
        first: Option<Stamp>,
        /// Allocation that got it as well.
        second: Option<Stamp>,
    },
    /// A block came up for free that `expected` no longer owns.
    OwnerChanged {
        /// Address of the block.
        block: usize,
        /// Allocation whose block this is.
        expected: Option<Stamp>,
        /// What the owner word said.
        found: Option<Stamp>,
    },
    /// The block is not aligned as its layout asks.
    Misaligned {
        /// Address of the block.
        block: usize,
        /// Alignment asked for, in bytes.
        align: usize,
    },
    /// Bytes changed while the block was allocated.
    Overwritten {
        /// Address of the block.
        block: usize,
        /// First byte that differs.
        offset: usize,
        /// Allocation that wrote the pattern.
        owner: Stamp,
    },
    /// Two blocks that were allocated at once share bytes.
    Overlap {
        /// Address of the lower block.
        low: usize,
        /// Address of the higher block.
        high: usize,
        /// Size of a block, in bytes.
        size: usize,
    },
    /// The books don't add up: carved is not live + idle.
    Unbalanced {
        /// Blocks ever cut from chunks.
        carved: usize,
        /// Blocks that the harness holds.
        live: usize,
        /// Blocks that the census found in caches and magazines.
        idle: usize,
    },
    /// Blocks are in the books that no allocation reaches: new ones were carved for them.
    Unreachable {
        /// Blocks carved before the drain, all of them free.
        carved_before: usize,
        /// Blocks carved after as many were allocated.
        carved_after: usize,
    },
    /// More blocks were carved than the memory bound allows.
    OverBound {
        /// Blocks ever cut from chunks.
        carved: usize,
        /// L + 3·T·B + B.
        bound: usize,
        /// Peak of live blocks, L.
        peak_live: usize,
    },
    /// More emptied magazines wait than may.
    OverfullLimbo {
        /// Magazines that wait.
        limbo_magazines: usize,
        /// The most that may.
        limbo_limit: usize,
    },
    /// Fewer magazines than frees may need, or more than carving and handles bring.
    OddMagazines {
        /// Magazines made.
        magazines: usize,
        /// The fewest that there must be.
        least_magazines: usize,
        /// The most that there may be.
        most_magazines: usize,
    },
    /// More different blocks were handed out than the memory bound can explain.
    TooManyBlocks {
        /// Different blocks that the owner table has room for, above any sound bound.
        room: usize,
    },
    /// More blocks than the capacity were live, or carved.
    OverCapacity {
        /// Blocks that there were at once.
        blocks: usize,
        /// The most that there may be.
        capacity: usize,
    },
    /// An allocation failed although more blocks could have been carved.
    RefusedBelowCapacity {
        /// Blocks carved when it failed.
        carved: usize,
        /// Blocks that may be.
        capacity: usize,
    },
    /// With every block free, and one handle, not all of the capacity could be allocated.
    RoomLost {
        /// Blocks that could be.
        allocated: usize,
        /// Blocks that there should be.
        capacity: usize,
    },
    /// An allocation or an attach failed although no limit was set.
    Refused {
        /// What the subject said.
        reason: String,
    },
    /// What was done with a block cannot have been done one after the other.
    NotLinearizable {
        /// Address of the block.
        block: usize,
        /// The calls that no order explains.
        history: String,
    },
    /// A block began a turn under a stamp that is not above its last one.
    StampNotAhead {
        /// The stamp of an earlier turn.
        before: u64,
        /// The new one.
        stamp: u64,
    },
    /// A name was good for something after its turn was over.
    StaleAccepted {
        /// Its stamp.
        stamp: u64,
        /// What it was good for.
        use_of_it: &'static str,
    },
    /// A name was refused, though nobody ended its turn.
    CurrentRefused {
        /// Its stamp.
        stamp: u64,
    },
    /// A thread of the run panicked.
    Panicked {
        /// The panic's message.
        message: String,
    },
}

/// Writes an allocation that may be unknown.
struct Known(Option<Stamp>);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(stamp) => stamp.fmt(f),
            None => f.write_str("nobody known"),
        }
    }
}

impl Violation {
    /// Whether this is a lack of memory: the machine's failure, not the pool's.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::Refused { reason } if *reason == AllocError::OutOfMemory.to_string())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HandedOutTwice { block, first, second } => write!(
                f,
                "block {block:#x} handed out twice: held by {}, given to {}",
                Known(*first),
                Known(*second)
            ),
            Self::OwnerChanged { block, expected, found } => write!(
                f,
                "block {block:#x} of {} is up for free, but its owner word says {}",
                Known(*expected),
                Known(*found)
            ),
            Self::Misaligned { block, align } => {
                write!(f, "block {block:#x} is not aligned to {align} bytes")
            }
            Self::Overwritten { block, offset, owner } => {
                write!(f, "byte {offset} of block {block:#x} changed while {owner} held it")
            }
            Self::Overlap { low, high, size } => {
                write!(f, "blocks {low:#x} and {high:#x} of {size} bytes overlap")
            }
            Self::Unbalanced { carved, live, idle } => write!(
                f,
                "books don't balance: {carved} blocks carved, {live} live and {idle} idle"
            ),
            Self::Unreachable { carved_before, carved_after } => write!(
                f,
                "all {carved_before} blocks were free, yet allocating as many carved {}",
                carved_after - carved_before
            ),
            Self::OverBound { carved, bound, peak_live } => {
                write!(f, "{carved} blocks carved, the bound for {peak_live} live is {bound}")
            }
            Self::OverfullLimbo { limbo_magazines, limbo_limit } => {
                write!(f, "{limbo_magazines} magazines wait where {limbo_limit} may")
            }
            Self::OddMagazines { magazines, least_magazines, most_magazines } => {
                write!(
                    f,
                    "{magazines} magazines made, where {least_magazines} to {most_magazines} are due"
                )
            }
            Self::TooManyBlocks { room } => {
                write!(f, "more than {room} different blocks handed out, beyond any bound")
            }
            Self::OverCapacity { blocks, capacity } => {
                write!(f, "{blocks} blocks at once, where {capacity} may be")
            }
            Self::RefusedBelowCapacity { carved, capacity } => {
                write!(f, "refused with {carved} blocks carved, where {capacity} may be")
            }
            Self::RoomLost { allocated, capacity } => {
                write!(f, "all blocks were free, yet only {allocated} of {capacity} came back")
            }
            Self::Refused { reason } => write!(f, "refused without a limit: {reason}"),
            Self::NotLinearizable { block, history } => {
                write!(f, "block {block:#x}: no order explains {history}")
            }
            Self::StampNotAhead { before, stamp } => {
                write!(f, "a turn began under stamp {stamp}, after one of {before}")
            }
            Self::StaleAccepted { stamp, use_of_it } => {
                write!(f, "a stale name of stamp {stamp} was good for {use_of_it}")
            }
            Self::CurrentRefused { stamp } => {
                write!(f, "a name of stamp {stamp} was refused, and nobody had freed its block")
            }
            Self::Panicked { message } => write!(f, "a thread panicked: {message}"),
        }
    }
}

/// Violations of one run, and the flag that ends it.
///
/// The first violation stops the run: what follows it is mostly its consequence.
#[derive(Debug, Default)]
pub struct Log {
    stopped: AtomicBool,
    found: Mutex<Vec<Violation>>,
}

impl Log {
    /// Violations kept; the run is stopping anyway, and each thread adds one at most.
    const KEPT: usize = 64;

    /// Records a violation and stops the run.
    pub fn report(&self, violation: Violation) {
        self.stop();
        #[cfg(stampool_model = "steered")]
        steered::mark();
        let mut found = self.lock();
        if found.len() < Self::KEPT {
            found.push(violation);
        }
    }

    /// Ends the run: time is up, or something broke.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Says whether the run is to end.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Says whether nothing was found so far.
    pub fn is_clean(&self) -> bool {
        self.lock().is_empty()
    }

    /// What was found so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.lock().clone()
    }

    /// Hands over what was found.
    pub fn into_violations(self) -> Vec<Violation> {
        self.found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A poisoned log is still a list of violations.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Violation>> {
        self.found.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Stops the run when its thread unwinds, so that no other thread waits for it for ever.
#[derive(Debug)]
pub struct StopOnPanic<'a>(pub &'a Log);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// The message of a panic that a joined thread ended with.
pub fn panic_message(payload: &(dyn core::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}
