//! Epochs, from crossbeam-epoch, with a collector that belongs to the pool.

use crossbeam_epoch::{Collector, LocalHandle};

use super::reclaim::{Guard, Reclaimer};
use crate::sync::thread;

/// A magazine comes back when every thread that was pinned has unpinned. crossbeam-epoch finds out
/// when.
///
/// The collector belongs to the pool, so pins of other pools, and of other users of
/// crossbeam-epoch, do not hold its magazines up.
#[derive(Debug)]
pub struct Epoch(Collector);

/// `drain` gives up after this many rounds. Within them some magazine returns, unless a thread is
/// held up while it is pinned.
const DRAIN_ROUNDS: usize = 1 << 20;
/// After this many rounds each further round lets other threads run.
const QUICK_ROUNDS: usize = 1 << 10;

/// A pin of the pool's collector.
#[derive(Debug)]
pub struct Pin(crossbeam_epoch::Guard);

impl Guard for Pin {}

// SAFETY: by crossbeam-epoch's contract a function that is deferred under a pin runs when all
// threads that were pinned at that time have unpinned; the epoch's fences order it after those pins
// and before later ones.
unsafe impl Reclaimer for Epoch {
    const NAME: &'static str = "EpochDeferred";
    type Participant = LocalHandle;
    type Guard<'g> = Pin;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self(Collector::new())
    }

    fn join(&self) -> LocalHandle {
        self.0.register()
    }

    fn end(participant: LocalHandle) {
        // Dropping the last handle of a collector frees the collector, and with it the record that
        // this drop is still working on (crossbeam-epoch, `Local::finalize`). A reference of our
        // own keeps both until the handle is gone.
        let collector = participant.collector().clone();
        drop(participant);
        drop(collector);
    }

    #[inline]
    fn pin<'g>(&'g self, participant: &'g LocalHandle) -> Pin {
        debug_assert!(*participant.collector() == self.0, "another pool's participant");
        Pin(participant.pin())
    }

    unsafe fn defer(&self, guard: &Pin, _magazine: usize, on_safe: impl FnOnce() + Send) {
        // SAFETY: by the caller `on_safe` may run on any thread, as long as it counts as waiting.
        unsafe { guard.0.defer_unchecked(on_safe) };
        // Without the flush the deferral could stay in this thread's own bag, and the thread may
        // never use the pool again.
        guard.0.flush();
    }

    #[cold]
    fn collect(&self, guard: &Pin) {
        guard.0.flush();
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        if is_done() {
            return;
        }
        // No thread is pinned through the pool any more, so each round advances the epoch and
        // collects what is two epochs old. The exception is a thread that ends at the same time as
        // the pool or after it: it drops its `LocalHandle`, which pins and collects for a moment.
        // While that thread is held up there, the epoch does not advance, or the magazines that the
        // thread was returning do not come back.
        let participant = self.join();
        for round in 0..DRAIN_ROUNDS {
            participant.pin().flush();
            if is_done() {
                return;
            }
            if round >= QUICK_ROUNDS {
                thread::yield_now();
            }
        }
    }
}

/// Magazines come back after a grace period of crossbeam-epoch. The collector belongs to the pool.
///
/// Miri reports undefined behaviour in crossbeam-epoch under Stacked Borrows; a program that uses
/// this strategy needs `-Zmiri-tree-borrows`, under which it reports none.
///
/// Do not use it for a pool that serves as the program's allocator, because the collector asks that
/// allocator for memory in the middle of an exchange.
///
/// # Progress
///
/// An exchange is two list operations under a pin. It is not lock-free. The collector may take
/// memory from the program's allocator, both in a refill and in a flush. If the limbo is full, or
/// if a partial magazine goes back to its list, the exchange takes a lock for a few instructions.
/// From then on each exchange that finds that list empty takes the lock too.
///
/// # A thread that sleeps while pinned
///
/// Such a thread holds up the magazines that are emptied meanwhile, but no block. Beyond
/// [`limbo_magazines`] per slot, emptied magazines go through a lock, which [`Stats::overflows`]
/// counts, until the thread wakes and the collector has noticed it. The pool works on meanwhile,
/// with locks as under [`Locked`](super::Locked).
///
/// # Memory bound
///
/// For blocks, the bound of the tagged strategies. For magazines, `limbo_magazines` more per
/// handle. The collector's own memory comes on top; a forgotten handle keeps it from being freed.
///
/// The drop of a pool waits until no magazine is in limbo. A thread that ends at the same time, and
/// is held up in the middle of the collector, may keep one there. If a million tries in a row
/// return no magazine, the drop leaks all memory of the pool, and its source.
///
/// # Wrap time
///
/// Nothing wraps, because there is no tag.
///
/// [`limbo_magazines`]: crate::PoolBuilder::limbo_magazines
/// [`Stats::overflows`]: crate::Stats::overflows
pub type EpochDeferred = super::Deferred<Epoch>;
