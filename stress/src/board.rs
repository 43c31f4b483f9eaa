//! The position of each thread of a run, so that a watchdog can report a thread that is stuck.
//!
//! Each thread writes to a cache line of its own, with plain `Relaxed` stores. No thread waits for
//! another, and the stores add no happens-before edge between the threads under test.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::OnceLock;
use std::time::Instant;

use crossbeam_utils::CachePadded;

/// What a thread is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Waits for the others to begin.
    #[default]
    Starting,
    /// Makes a handle.
    Attaching,
    /// Between two calls, at the harness's own work.
    Working,
    /// In an allocation.
    Allocating,
    /// In a deallocation.
    Freeing,
    /// Waits for a message, or for room to put one.
    Waiting,
    /// Sleeps, as its scenario wants.
    Pausing,
    /// Sleeps in the middle of an exchange, as its scenario wants.
    Lingering,
    /// Drops its handle.
    Leaving,
    /// At its end.
    Over,
    /// Frees what the threads left.
    Sweeping,
    /// Allocates all that was carved.
    Draining,
    /// Counts blocks and magazines.
    Counting,
    /// Waits for threads to end.
    Joining,
}

impl Phase {
    const ALL: [Self; 14] = [
        Self::Starting,
        Self::Attaching,
        Self::Working,
        Self::Allocating,
        Self::Freeing,
        Self::Waiting,
        Self::Pausing,
        Self::Lingering,
        Self::Leaving,
        Self::Over,
        Self::Sweeping,
        Self::Draining,
        Self::Counting,
        Self::Joining,
    ];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Attaching => "attaching",
            Self::Working => "between calls",
            Self::Allocating => "allocating",
            Self::Freeing => "freeing",
            Self::Waiting => "waiting for a message or for room",
            Self::Pausing => "pausing on purpose",
            Self::Lingering => "lingering in an exchange on purpose",
            Self::Leaving => "leaving",
            Self::Over => "done",
            Self::Sweeping => "sweeping up what was left",
            Self::Draining => "draining",
            Self::Counting => "counting",
            Self::Joining => "waiting for threads to end",
        }
    }
}

/// Where a thread was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What it is at.
    pub phase: Phase,
    /// Operations that it has done.
    pub ops: u64,
    /// Steps of its scenario that it has begun.
    pub steps: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, ops, steps } = self;
        write!(f, "{}, {ops} operations, step {steps}", phase.name())
    }
}

/// One thread's line.
///
/// # Shape
/// A word of operations over 4 bits of phase, and a word of steps.
#[derive(Debug, Default)]
pub struct Post {
    at: AtomicU64,
    steps: AtomicU64,
}

impl Post {
    const PHASE_BITS: u32 = 4;

    /// Says what its thread is at. Only that thread may.
    pub fn set(&self, phase: Phase, ops: u64) {
        self.at.store((ops << Self::PHASE_BITS) | phase as u64, Relaxed);
    }

    /// Counts a step. Only the post's thread may.
    pub fn step(&self) {
        self.steps.store(self.steps.load(Relaxed) + 1, Relaxed);
    }

    /// Where its thread is, or was a moment ago.
    pub fn place(&self) -> Place {
        let at = self.at.load(Relaxed);
        let phase = at & ((1 << Self::PHASE_BITS) - 1);
        let phase = Phase::ALL.into_iter().find(|known| *known as u64 == phase);
        Place {
            phase: phase.unwrap_or_default(),
            ops: at >> Self::PHASE_BITS,
            steps: self.steps.load(Relaxed),
        }
    }
}

/// The posts of a run.
#[derive(Debug)]
pub struct Board {
    lanes: Box<[CachePadded<Post>]>,
    /// The thread that starts the others and checks the books after them.
    pub harness: CachePadded<Post>,
    began: OnceLock<Instant>,
}

impl Board {
    /// A board for so many lanes.
    pub fn new(lanes: usize) -> Self {
        let lanes = (0..lanes).map(|_| CachePadded::default()).collect();
        Self { lanes, harness: CachePadded::default(), began: OnceLock::new() }
    }

    /// The post of lane `index`.
    ///
    /// # Panics
    /// If there is no such lane.
    pub fn lane(&self, index: u16) -> &Post {
        &self.lanes[usize::from(index)]
    }

    /// The posts of all lanes, in their order.
    pub fn lanes(&self) -> impl Iterator<Item = &Post> {
        self.lanes.iter().map(|post| &**post)
    }

    /// Says when the lanes began.
    pub fn begin(&self, at: Instant) {
        // Once per run; a second call would say nothing new.
        _ = self.began.set(at);
    }

    /// When the lanes began, if they have.
    pub fn began(&self) -> Option<Instant> {
        self.began.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_says_what_was_set() {
        for phase in Phase::ALL {
            let post = Post::default();
            post.set(phase, 77);
            post.step();
            assert_eq!(post.place(), Place { phase, ops: 77, steps: 1 });
        }
        assert!(Phase::ALL.len() <= 1 << Post::PHASE_BITS);
    }
}
