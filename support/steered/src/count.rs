//! Counting: what a thread does to the atomics, fences and locks of this crate.
//!
//! The types of this crate note each access here. A program whose accesses have names says the name
//! before the access ([`name`]).
//!
//! # What is not seen
//!
//! An access that goes past the types of this crate is not counted: std's `Arc`, `OnceLock` and
//! `Mutex`, and the atomics of other libraries. A lock is noted once, when it is taken; the atomics
//! inside it are std's.

use core::cell::{Cell, RefCell};
use core::sync::atomic::Ordering;

/// What an access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A load.
    Load,
    /// A store.
    Store,
    /// A compare-and-swap that exchanged.
    Cas,
    /// One that did not.
    FailedCas,
    /// A swap, or arithmetic.
    Fetch,
    /// A fence.
    Fence,
    /// A lock that is taken.
    Lock,
}

/// One access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What it is.
    pub kind: Kind,
    /// Its [name], if it has one. A compare-and-swap that fails has the last of two.
    pub name: Option<&'static str>,
}

/// The names that were said last.
#[derive(Clone, Copy)]
struct Names {
    first: Option<&'static str>,
    last: Option<&'static str>,
    /// An access has had them. The next access has them too, if no other name is said before it.
    used: bool,
}

const NAMELESS: Names = Names { first: None, last: None, used: true };

thread_local! {
    /// Whether [`accesses`] runs. Cheaper to look at, and there until the thread's end.
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static NAMES: Cell<Names> = const { Cell::new(NAMELESS) };
    static LOG: RefCell<Vec<Access>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work`, which does not call this. Returns what the calling thread accessed in it, in order.
///
/// Names that were said before `work` are forgotten.
pub fn accesses(work: impl FnOnce()) -> Vec<Access> {
    LOG.take();
    NAMES.set(NAMELESS);
    WANTED.set(true);
    work();
    WANTED.set(false);
    LOG.take()
}

/// Names the calling thread's next access. Of two names before one compare-and-swap, the first is
/// for its success and the last for its failure.
pub fn name(name: &'static str) {
    let Names { first, used, .. } = NAMES.get();
    let first = if used { Some(name) } else { first };
    NAMES.set(Names { first, last: Some(name), used: false });
}

/// Notes an access.
pub(crate) fn note(kind: Kind) {
    let names = NAMES.get();
    NAMES.set(Names { used: true, ..names });
    log(kind, if kind == Kind::FailedCas { names.last } else { names.first });
}

/// Notes an access that has no name.
pub(crate) fn note_aside(kind: Kind) {
    log(kind, None);
}

fn log(kind: Kind, name: Option<&'static str>) {
    if WANTED.get() {
        LOG.with_borrow_mut(|log| log.push(Access { kind, name }));
    }
}

/// A word beside the code that is steered, for statistics: its accesses are counted, without a
/// name, and are no points.
#[derive(Debug, Default)]
pub struct CountedU64(portable_atomic::AtomicU64);

impl CountedU64 {
    /// Starts at `value`.
    pub const fn new(value: u64) -> Self {
        Self(portable_atomic::AtomicU64::new(value))
    }

    /// Loads the word.
    pub fn load(&self, order: Ordering) -> u64 {
        note_aside(Kind::Load);
        self.0.load(order)
    }

    /// Stores the word.
    pub fn store(&self, value: u64, order: Ordering) {
        note_aside(Kind::Store);
        self.0.store(value, order);
    }

    /// Adds to the word, and gives what it was.
    pub fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        note_aside(Kind::Fetch);
        self.0.fetch_add(value, order)
    }

    /// Raises the word to `value` if that is larger, and gives what it was.
    pub fn fetch_max(&self, value: u64, order: Ordering) -> u64 {
        note_aside(Kind::Fetch);
        self.0.fetch_max(value, order)
    }
}
