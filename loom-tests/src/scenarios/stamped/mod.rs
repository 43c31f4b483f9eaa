//! Stamped pools: generations of a block, names in shared words, and two structures on the public
//! API. The specifications call a generation of a block a *turn*.
//!
//! | module | under check | a step of the specification |
//! |---|---|---|
//! | [`turns`] | one block: allocate, free, read | a change of the stamp, a read or a write of the value |
//! | [`words`] | `AtomicStamped`, `AtomicPackedStamped` | an operation |
//! | [`structures`] | the queue and the stack of `examples/structures` | an operation |
//!
//! The tags are those of the default pool, because what is checked here lies above the lists.

pub mod structures;
pub mod turns;
pub mod words;

use std::collections::BTreeSet;

use stampool::{StampedLocal, StampedPool, TaggedWide};

use super::Depth;

/// Under which name the ledger has these rows.
pub const STRATEGY: &str = "StampedPool";

/// A program over a stamped pool.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// How far loom searches.
    pub depth: Depth,
    /// Whether a search without reduction tries all schedules every time, or in the deep tier only.
    pub searched: bool,
    /// Runs it once.
    pub body: fn() -> String,
    /// What may come of it.
    pub allowed: fn() -> BTreeSet<String>,
}

/// All of them.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    [turns::SCENARIOS, words::SCENARIOS, structures::SCENARIOS].concat()
}

/// A handle that a scenario made on one thread and uses on another.
struct Seat<T: 'static>(StampedLocal<'static, T, TaggedWide>);

// SAFETY: a handle is bound to one thread only so that two don't use it at a time; here it moves
// between the setup and its thread, which start and join order.
unsafe impl<T> Send for Seat<T> {}

impl<T: Send + Sync> Seat<T> {
    fn of(pool: &'static StampedPool<T>) -> Self {
        Self(pool.local().expect("memory"))
    }
}

/// Something that all threads of an execution share, up to its end.
struct Leaked<T: 'static>(&'static T);

impl<T> Leaked<T> {
    fn new(shared: T) -> Self {
        Self(Box::leak(Box::new(shared)))
    }

    /// # Safety
    ///
    /// Nobody refers to it any more.
    unsafe fn end(self) -> T {
        // SAFETY: leaked in `new`; by the caller.
        *unsafe { Box::from_raw(core::ptr::from_ref(self.0).cast_mut()) }
    }
}
