//! Threads over the names of a [`StampedPool`]: several free the same name, and old names are kept
//! and tried.
//!
//! The checks: the stamps of a block strictly increase. If several threads free one name, exactly
//! one succeeds. A name whose turn (generation) is over is refused everywhere. The oracle's words
//! in the block are `Relaxed`, and names travel through a lock, as they would through a user's
//! structure.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use stampool::{AtomicStamped, Stamped, StampedLocal, StampedPool, TaggedWide};

use crate::oracle::violation::{Log, Violation};
use crate::rng::Rng;

/// Names that are free to all threads.
const SHELF: usize = 4;
/// Stale names that a thread keeps.
const KEPT: usize = 8;

/// What lies in a block.
#[derive(Default)]
pub struct Slot {
    /// The name of the current turn, for threads that hold another one.
    pub me: AtomicStamped<Slot>,
    /// The stamp of its last turn.
    last: AtomicU64,
}

/// One thread's way in.
pub type Way<'p> = StampedLocal<'p, Slot, TaggedWide>;

/// A name, and the number of its turn.
type Named = (Stamped<Slot>, usize);

/// One turn of a block.
#[derive(Debug, Default)]
struct Turn {
    /// How many ended it.
    ends: AtomicU32,
    /// Whether a thread was refused.
    refused: AtomicBool,
}

/// Ends the turn of a name. Returns whether the pool accepted the name.
pub type Free = fn(&Way<'_>, Stamped<Slot>) -> bool;

/// As the pool does it.
pub fn free(local: &Way<'_>, name: Stamped<Slot>) -> bool {
    local.free(name).is_ok()
}

/// What the threads share.
pub struct Table<'a> {
    pool: &'a StampedPool<Slot>,
    free: Free,
    log: &'a Log,
    /// Allocations of one thread, at most.
    ops: usize,
    turns: Vec<Turn>,
    shelf: Mutex<VecDeque<Named>>,
    /// Names that were given out, by thread.
    given: Mutex<Vec<Named>>,
}

impl<'a> Table<'a> {
    /// A table for `threads` threads of `ops` steps each.
    pub fn new(
        pool: &'a StampedPool<Slot>,
        free: Free,
        log: &'a Log,
        threads: usize,
        ops: usize,
    ) -> Self {
        let turns = (0..threads * ops).map(|_| Turn::default()).collect();
        Self { pool, free, log, ops, turns, shelf: Mutex::default(), given: Mutex::default() }
    }

    /// Does the work of thread `index`.
    pub fn play(&self, index: u16, seed: u64) {
        let local = match self.pool.local() {
            Ok(local) => local,
            Err(error) => return self.log.report(Violation::Refused { reason: error.to_string() }),
        };
        let mut rng = Rng::new(seed, index);
        let mut stale = VecDeque::new();
        let mut given = Vec::new();
        for op in 0..self.ops {
            if self.log.stopped() {
                break;
            }
            let known = match rng.below(5) {
                0 | 1 => {
                    given.extend(self.allocate(&local, usize::from(index) * self.ops + op));
                    continue;
                }
                2 | 3 => self.pick(&mut rng).inspect(|named| self.end(&local, *named)),
                _ => None,
            };
            // A thread that ended a turn, or was refused, knows that the turn is over.
            stale.extend(known);
            if stale.len() > KEPT {
                stale.pop_front();
            }
            if known.is_none() && !stale.is_empty() {
                let (name, _) = stale[rng.below(stale.len())];
                self.try_stale(&local, name);
            }
        }
        self.given.lock().unwrap_or_else(PoisonError::into_inner).extend(given);
    }

    fn allocate(&self, local: &Way<'_>, turn: usize) -> Option<Named> {
        let allocated = local.allocate_with(|slot, name| {
            let before = slot.last.swap(name.stamp(), Relaxed);
            if before >= name.stamp() {
                self.log.report(Violation::StampNotAhead { before, stamp: name.stamp() });
            }
            slot.me.store(name, Relaxed);
        });
        match allocated {
            Ok(name) => {
                let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
                shelf.push_back((name, turn));
                if shelf.len() > SHELF {
                    shelf.pop_front();
                }
                Some((name, turn))
            }
            Err(error) => {
                self.log.report(Violation::Refused { reason: error.to_string() });
                None
            }
        }
    }

    /// A name from the shelf, where it stays for others.
    fn pick(&self, rng: &mut Rng) -> Option<Named> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.get(rng.below(shelf.len())).copied()
    }

    fn end(&self, local: &Way<'_>, (name, turn): Named) {
        let turn = &self.turns[turn];
        if !(self.free)(local, name) {
            turn.refused.store(true, Relaxed);
        } else if turn.ends.fetch_add(1, Relaxed) > 0 {
            let (stamp, use_of_it) = (name.stamp(), "freeing a block again");
            self.log.report(Violation::StaleAccepted { stamp, use_of_it });
        }
    }

    fn try_stale(&self, local: &Way<'_>, name: Stamped<Slot>) {
        let use_of_it = if self.pool.get(name).is_some() {
            "a look"
        } else if self.pool.is_current(name) {
            "a check"
        } else if (self.free)(local, name) {
            "a free"
        } else {
            return;
        };
        self.log.report(Violation::StaleAccepted { stamp: name.stamp(), use_of_it });
    }

    /// Ends the turns that are left, with no other thread at work: exactly those that no thread has
    /// ended.
    pub fn settle(self) {
        let local = match self.pool.local() {
            Ok(local) => local,
            Err(error) => return self.log.report(Violation::Refused { reason: error.to_string() }),
        };
        for (name, turn) in self.given.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let Turn { ends, refused } = &self.turns[turn];
            let (ended, stamp) = (ends.load(Relaxed) > 0, name.stamp());
            if !ended && refused.load(Relaxed) {
                return self.log.report(Violation::CurrentRefused { stamp });
            }
            match (self.free)(&local, name) {
                true if ended => {
                    let use_of_it = "a free at the end";
                    return self.log.report(Violation::StaleAccepted { stamp, use_of_it });
                }
                false if !ended => return self.log.report(Violation::CurrentRefused { stamp }),
                _ => {}
            }
        }
    }
}
