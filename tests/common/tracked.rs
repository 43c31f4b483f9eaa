//! Values that are counted, and that panic when told to.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a [`Tracked`] does that may panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Make,
    Reset,
    Drop,
}

/// Keeps count of values. Every one must be dropped exactly once.
#[derive(Default)]
pub struct Tracks {
    /// How often each was dropped, by number.
    drops: Mutex<BTreeMap<usize, usize>>,
    resets: AtomicUsize,
    /// The deed that panics, and how many of its kind come before.
    fault: Mutex<Option<(Deed, usize)>>,
}

/// A value with a number of its own, and a word to write to.
pub struct Tracked {
    number: usize,
    pub word: u64,
    tracks: Arc<Tracks>,
}

impl Tracks {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The `nth` of these deeds, from 0 on, panics.
    pub fn fail(&self, deed: Deed, nth: usize) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some((deed, nth));
    }

    /// Whether the deed that was to panic has done so.
    pub fn has_failed(&self) -> bool {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn deed(&self, deed: Deed) {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *fault {
            Some((bad, 0)) if *bad == deed => {
                *fault = None;
                drop(fault);
                panic!("{deed:?} was told to panic");
            }
            Some((bad, before)) if *bad == deed => *before -= 1,
            _ => {}
        }
    }

    fn drops(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, usize>> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn make(self: &Arc<Self>) -> Tracked {
        self.deed(Deed::Make);
        let mut drops = self.drops();
        let number = drops.len();
        drops.insert(number, 0);
        Tracked { number, word: 0, tracks: Arc::clone(self) }
    }

    pub fn made(&self) -> usize {
        self.drops().len()
    }

    pub fn resets(&self) -> usize {
        self.resets.load(Relaxed)
    }

    /// Values that have not been dropped.
    pub fn alive(&self) -> usize {
        let drops = self.drops();
        assert!(drops.values().all(|times| *times <= 1), "a value was dropped twice");
        drops.values().filter(|times| **times == 0).count()
    }
}

impl Tracked {
    /// Brings it back to what it was.
    pub fn reset(&mut self) {
        self.tracks.resets.fetch_add(1, Relaxed);
        self.tracks.deed(Deed::Reset);
        self.word = 0;
    }

    pub fn number(&self) -> usize {
        self.number
    }
}

impl core::fmt::Debug for Tracked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "value {}: {}", self.number, self.word)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        *self.tracks.drops().get_mut(&self.number).expect("a value of ours") += 1;
        self.tracks.deed(Deed::Drop);
    }
}
