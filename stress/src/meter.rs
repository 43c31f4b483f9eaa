//! Operations done by the whole process, for whoever watches its progress.
//!
//! Lanes add to it once in a few hundred operations. It is `Relaxed`, as the oracle's counters are,
//! and repairs nothing that a pool forgot.

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
