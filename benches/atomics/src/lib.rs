//! How many atomic accesses an operation of a pool makes, by kind and ordering site: what the
//! program beside this counts, and `cargo xtask atomics` prints, keeps and compares.
//!
//! The program runs on one thread, in the steered build, whose facade logs each access. So counts
//! repeat exactly, and are the minimum of an operation: with other threads a CAS may fail and be
//! retried. The counts do not tell the instructions: the compiler turns most loads and stores into
//! plain moves.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// A lock that is taken. Its own atomics are not counted.
    Lock,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Load, Self::Store, Self::Cas, Self::FailedCas, Self::Fetch, Self::Fence, Self::Lock];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::Cas => "CAS",
            Self::FailedCas => "failed CAS",
            Self::Fetch => "swap or fetch",
            Self::Fence => "fence",
            Self::Lock => "lock",
        })
    }
}

/// Which way an operation went, by what the pool's statistics say that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// An allocation without an exchange.
    HitAllocate,
    /// A free without an exchange.
    HitFree,
    /// An allocation where there are no caches.
    Allocate,
    /// A free where there are no caches.
    Free,
    /// An allocation that brings a batch from the pool.
    Refill,
    /// A free that brings a batch to the pool.
    Flush,
    /// An allocation that carves a batch from a chunk.
    Carve,
    /// An allocation that asks the source for a chunk, and carves.
    Grow,
    /// A thread's first allocation: it gets a slot, and a refill.
    FirstCall,
    /// A handle on a new slot.
    AttachNew,
    /// A handle on a slot that is free.
    Attach,
    /// A handle without blocks goes.
    DetachEmpty,
    /// A handle with a batch less one block goes.
    Detach,
}

impl Path {
    /// Whether nothing was exchanged.
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::HitAllocate | Self::HitFree)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HitAllocate => "hit, allocate",
            Self::HitFree => "hit, free",
            Self::Allocate => "allocate",
            Self::Free => "free",
            Self::Refill => "refill",
            Self::Flush => "flush",
            Self::Carve => "carve",
            Self::Grow => "grow",
            Self::FirstCall => "first call",
            Self::AttachNew => "attach, new slot",
            Self::Attach => "attach",
            Self::DetachEmpty => "detach, empty",
            Self::Detach => "detach, B - 1",
        })
    }
}

/// What a row must be, whatever was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// As it was kept.
    #[default]
    Kept,
    /// Free of every access.
    Free,
}

/// The name of what has no site: locks, statistics.
pub const NO_SITE: &str = "-";

/// Accesses by site and kind.
pub type Accesses = BTreeMap<String, BTreeMap<Kind, u64>>;

/// One path of one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which way.
    pub path: Path,
    /// The pool.
    pub subject: String,
    /// What it must be.
    #[serde(default, skip_serializing_if = "is_kept")]
    pub rule: Rule,
    /// Operations that went this way.
    pub operations: u64,
    /// Blocks that they moved between cache and pool.
    pub blocks: u64,
    /// All that they accessed.
    pub accesses: Accesses,
}

fn is_kept(rule: &Rule) -> bool {
    *rule == Rule::Kept
}

impl Row {
    /// A row without operations.
    pub fn new(path: Path, subject: &str, rule: Rule) -> Self {
        let accesses = Accesses::new();
        Self { path, subject: subject.into(), rule, operations: 0, blocks: 0, accesses }
    }

    /// Adds an access.
    pub fn add(&mut self, kind: Kind, site: &str) {
        *self.accesses.entry(site.into()).or_default().entry(kind).or_default() += 1;
    }

    /// Accesses of one kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.accesses.values().filter_map(|kinds| kinds.get(&kind)).sum()
    }

    /// All accesses.
    pub fn total(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.of(kind)).sum()
    }
}

/// A hit with one access more: whoever counts must see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutant {
    /// The access.
    pub kind: Kind,
    /// What was counted.
    pub row: Row,
}

/// All that the program found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Path by path.
    pub rows: Vec<Row>,
    /// One of each kind.
    pub mutants: Vec<Mutant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_over_all_sites() {
        let mut row = Row::new(Path::Refill, "pool", Rule::Kept);
        row.add(Kind::Load, "A-1");
        row.add(Kind::Load, "A-2");
        row.add(Kind::Cas, "A-2");
        row.add(Kind::Load, NO_SITE);
        assert_eq!((row.of(Kind::Load), row.of(Kind::Cas), row.of(Kind::Lock)), (3, 1, 0));
        assert_eq!(row.total(), 4);
    }

    #[test]
    fn a_row_comes_back_from_json() {
        let mut row = Row::new(Path::FirstCall, "pool", Rule::Free);
        row.add(Kind::FailedCas, "A-1");
        let text = serde_json::to_string(&row).unwrap();
        assert!(text.contains(r#""A-1":{"failed-cas":1}"#), "{text}");
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
    }
}
