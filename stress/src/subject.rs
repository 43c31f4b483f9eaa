//! What is put under stress.

use core::alloc::Layout;
use core::fmt;

pub use ::subject::{Audited, Handle, Idle, Subject};

use crate::oracle::violation::Log;

/// A subject: the part of it that the harness needs.
pub trait Examined: Audited + Sync {
    /// Size and alignment of its blocks.
    fn layout(&self) -> Layout;

    /// Blocks per batch, the least where batches grow.
    fn batch_blocks(&self) -> usize;

    /// Blocks of the largest batch: the B of the memory bound.
    fn most_batch_blocks(&self) -> usize {
        self.batch_blocks()
    }

    /// Freed blocks that each handle keeps back: the Q of the memory bound.
    fn kept_back_blocks(&self) -> usize {
        0
    }

    /// Says how the subject synchronises.
    fn mechanism(&self) -> Mechanism;

    /// Exchanges between caches and shared lists so far: refills and flushes. `None` for a subject
    /// that does not count them.
    fn exchanges(&self) -> Option<u64> {
        None
    }

    /// Checks what it has written down of its handles' calls, if it does that. All handles are
    /// gone.
    fn check_history(&mut self, _log: &Log) {}

    /// What it says of its magazines. A subject without magazines has none.
    fn magazine_counts(&self) -> MagazineCounts {
        MagazineCounts::default()
    }
}

/// Implements `Audited` and [`Examined`] for a subject around another one, `self.$inner`: whatever
/// is asked of it, the inner one answers, except what is in `$own`.
macro_rules! examined_through {
    ([$($generics:tt)*] $outer:ty, $inner:ident, $($own:tt)*) => {
        impl<$($generics)*> $crate::subject::Audited for $outer {
            fn carved_blocks(&self) -> usize {
                $crate::subject::Audited::carved_blocks(&self.$inner)
            }

            fn idle_blocks(&mut self) -> $crate::subject::Idle {
                $crate::subject::Audited::idle_blocks(&mut self.$inner)
            }
        }

        impl<$($generics)*> $crate::subject::Examined for $outer {
            fn layout(&self) -> core::alloc::Layout {
                $crate::subject::Examined::layout(&self.$inner)
            }

            fn batch_blocks(&self) -> usize {
                $crate::subject::Examined::batch_blocks(&self.$inner)
            }

            fn most_batch_blocks(&self) -> usize {
                $crate::subject::Examined::most_batch_blocks(&self.$inner)
            }

            fn kept_back_blocks(&self) -> usize {
                $crate::subject::Examined::kept_back_blocks(&self.$inner)
            }

            fn exchanges(&self) -> Option<u64> {
                $crate::subject::Examined::exchanges(&self.$inner)
            }

            fn mechanism(&self) -> $crate::subject::Mechanism {
                $crate::subject::Examined::mechanism(&self.$inner)
            }

            fn magazine_counts(&self) -> $crate::subject::MagazineCounts {
                $crate::subject::Examined::magazine_counts(&self.$inner)
            }

            $($own)*
        }
    };
}

pub(crate) use examined_through;

/// What a subject says of its magazines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MagazineCounts {
    /// Emptied magazines that wait until no thread can be reading them any more.
    pub limbo_magazines: usize,
    /// The most that may.
    pub limbo_limit: usize,
    /// How often an exchange had to go through a lock.
    pub overflows: u64,
    /// How often a CAS of a list's head came too late and was tried again.
    pub cas_failures: u64,
    /// Magazines made.
    pub magazines: usize,
    /// The fewest that frees need, for what was carved and for the handles there were.
    pub least_magazines: usize,
    /// The most that carving and handles may have brought.
    pub most_magazines: usize,
}

/// The subject's own words for not giving a block or a handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl Refused {
    /// Takes the subject's error in its own words.
    pub fn by(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Refused {}

/// How a subject synchronises, for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechanism {
    /// The strategy at work; it may be another than the one asked for.
    pub strategy: &'static str,
    /// Whether its exchanges are lock-free on this machine.
    pub lock_free: bool,
    /// Width of its tag.
    pub tag_bits: u32,
}
