//! Epochs: crossbeam's, with a collector of the pool's own.

use crossbeam_epoch::{Collector, LocalHandle};

use super::reclaim::{Guard, Reclaimer};

/// Shells come back when every thread that was pinned has unpinned: crossbeam-epoch.
///
/// The collector is the pool's: pins of other pools, and of other users of the crate, do not hold
/// its shells up.
#[derive(Debug)]
pub struct Epoch(Collector);

/// More than any limbo needs, at a few shells a round.
const DRAIN_ROUNDS: usize = 1 << 24;

/// A pin of the pool's collector.
#[derive(Debug)]
pub struct Pin(crossbeam_epoch::Guard);

impl Guard for Pin {}

// SAFETY: crossbeam-epoch's contract: what is deferred under a pin runs when all threads that were
// pinned then have unpinned, and the epoch's fences order it after them, and before later pins.
unsafe impl Reclaimer for Epoch {
    const NAME: &'static str = "EpochDeferred";
    type Participant = LocalHandle;
    type Guard<'g> = Pin;

    fn new() -> Self {
        Self(Collector::new())
    }

    fn join(&self) -> LocalHandle {
        self.0.register()
    }

    #[inline]
    fn pin<'g>(&'g self, participant: &'g LocalHandle) -> Pin {
        debug_assert!(*participant.collector() == self.0, "another pool's participant");
        Pin(participant.pin())
    }

    unsafe fn defer(&self, guard: &Pin, _shell: usize, land: impl FnOnce() + Send) {
        // SAFETY: by the caller it may run on any thread until `drain` has returned, and `drain`
        // leaves nothing to run.
        unsafe { guard.0.defer_unchecked(land) };
        // Else up to a bag's worth of shells stays with a thread that may never come again.
        guard.0.flush();
    }

    #[cold]
    fn collect(&self, guard: &Pin) {
        guard.0.flush();
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        // Nobody is pinned, so each round advances the epoch, and collects what is two epochs old.
        let participant = self.join();
        for _ in 0..DRAIN_ROUNDS {
            if is_done() {
                return;
            }
            participant.pin().flush();
        }
        // Nothing will run what is left: there is no participant, or only forgotten ones.
        debug_assert!(is_done(), "a pin outlived its pool");
    }
}

/// Shells come back after a grace period of crossbeam-epoch's, with a collector of the pool's own.
///
/// Not for a pool that serves as the program's allocator: the collector takes its memory there, in the
/// middle of an exchange.
///
/// # Progress
///
/// An exchange is two list operations under a pin. It is not lock-free: the collector takes memory
/// from the program's allocator, on either side of an exchange, and where the limbo is full, or a
/// partial shell goes back, the exchange takes a lock for a few instructions. From then on so does
/// each that finds that list empty.
///
/// # A thread that sleeps while pinned
///
/// holds up the shells that are emptied meanwhile, but no block. Past [`limbo_shells`] per handle
/// they go through a lock, which [`Stats::overflows`] counts, until it wakes and the collector has
/// noticed: the pool goes on, as fast as under [`Locked`](super::Locked).
///
/// # Memory bound
///
/// Blocks: that of the tagged strategies. Shells: `limbo_shells` more per handle. The collector's own
/// memory comes beside it, and a forgotten handle keeps it from being freed.
///
/// # Wrap time
///
/// None: there is no tag.
///
/// [`limbo_shells`]: crate::PoolBuilder::limbo_shells
/// [`Stats::overflows`]: crate::Stats::overflows
pub type EpochDeferred = super::Deferred<Epoch>;
