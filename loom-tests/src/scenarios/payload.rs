//! What users do with blocks, in a form that the checkers can see.
//!
//! There is one cell for each block address, for the whole execution. A cell that is made at each
//! allocation would have no history, and would hide races between one user and the next.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use stampool::raw::sync::UnsafeCell;

/// The users' side of all blocks.
///
/// Its own bookkeeping is std's: it must neither synchronise nor add scheduling points.
#[derive(Default)]
pub struct Payload(Mutex<BTreeMap<usize, Arc<Cell>>>);

struct Cell {
    /// Stands for the block's bytes: every user writes it.
    bytes: UnsafeCell<u32>,
    owned: AtomicBool,
}

// SAFETY: whether two users are in one cell at a time is what the checkers look for.
unsafe impl Sync for Cell {}

impl Payload {
    fn cell(&self, address: usize) -> Arc<Cell> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = || Arc::new(Cell { bytes: UnsafeCell::new(0), owned: AtomicBool::new(false) });
        Arc::clone(cells.entry(address).or_insert_with(cell))
    }

    /// The block at `address` is handed to the caller, who writes it.
    ///
    /// # Panics
    /// Where somebody else has it.
    pub fn taken(&self, address: usize) {
        let cell = self.cell(address);
        let twice = cell.owned.swap(true, Ordering::Relaxed);
        assert!(!twice, "a block was handed out twice");
        // SAFETY: the pool hands a block to one user at a time; the checker reports a violation of
        // that.
        cell.bytes.with_mut(|bytes| unsafe { *bytes += 1 });
    }

    /// The caller writes the block at `address` for the last time and is about to give it back.
    ///
    /// # Panics
    /// Where the caller does not have it.
    pub fn given(&self, address: usize) {
        let cell = self.cell(address);
        // SAFETY: as in `taken`.
        cell.bytes.with_mut(|bytes| unsafe { *bytes += 1 });
        let owned = cell.owned.swap(false, Ordering::Relaxed);
        assert!(owned, "a block was given back that nobody had");
    }

    /// The lowest address that was ever taken.
    #[must_use]
    pub fn lowest(&self) -> usize {
        let cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cells.keys().next().copied().unwrap_or(0)
    }
}
