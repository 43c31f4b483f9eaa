//! Operations done by the whole process, for a thread that watches its progress.
//!
//! The watching thread of a run adds to it; the threads under test do not.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam_utils::CachePadded;

static OPS: CachePadded<AtomicU64> = CachePadded::new(AtomicU64::new(0));

/// Counts `ops` more.
pub(crate) fn add(ops: u64) {
    OPS.fetch_add(ops, Relaxed);
}

/// All so far.
pub(crate) fn ops() -> u64 {
    OPS.load(Relaxed)
}
