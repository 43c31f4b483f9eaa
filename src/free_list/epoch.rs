//! Epochs: crossbeam's, with a collector of the pool's own.

use crossbeam_epoch::{Collector, LocalHandle};

use super::reclaim::{Guard, Reclaimer};
use crate::sync::thread;

/// Magazines come back when every thread that was pinned has unpinned: crossbeam-epoch.
///
/// The collector is the pool's: pins of other pools, and of other users of the crate, do not hold
/// its magazines up.
#[derive(Debug)]
pub struct Epoch(Collector);

/// In so many rounds some magazine returns, unless a thread is held up while it is pinned.
const DRAIN_ROUNDS: usize = 1 << 20;
/// After so many rounds each one lets other threads run.
const QUICK_ROUNDS: usize = 1 << 10;

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

    fn end(participant: LocalHandle) {
        // The last handle of a collector frees the collector, and with it the record that the
        // handle is just ending (crossbeam-epoch, `Local::finalize`). A reference of ours keeps
        // both until the handle is gone.
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
        // SAFETY: by the caller it may run on any thread, as long as something waits.
        unsafe { guard.0.defer_unchecked(on_safe) };
        // Else up to a bag's worth of magazines stays with a thread that may never come again.
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
        // The pool pins no thread any more, so a round advances the epoch, and collects what is two
        // epochs old. The exception: a thread that ends, after its pool's end or at the same time,
        // drops its `LocalHandle`, which pins and collects for a moment. While that thread is held
        // up there, the epoch stands still, or what it has taken out does not return.
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

/// Magazines come back after a grace period of crossbeam-epoch's, with a collector of the pool's
/// own.
///
/// Miri reports undefined behaviour in crossbeam-epoch under Stacked Borrows; a program that uses
/// this strategy needs `-Zmiri-tree-borrows`, under which it reports none.
///
/// Not for a pool that serves as the program's allocator: the collector takes its memory there, in
/// the middle of an exchange.
///
/// # Progress
///
/// An exchange is two list operations under a pin. It is not lock-free: the collector takes memory
/// from the program's allocator, on either side of an exchange, and where the limbo is full, or a
/// partial magazine goes back, the exchange takes a lock for a few instructions. From then on so
/// does each that finds that list empty.
///
/// # A thread that sleeps while pinned
///
/// holds up the magazines that are emptied meanwhile, but no block. Past [`limbo_magazines`] per
/// handle they go through a lock, which [`Stats::overflows`] counts, until it wakes and the
/// collector has noticed: the pool goes on, as fast as under [`Locked`](super::Locked).
///
/// # Memory bound
///
/// Blocks: that of the tagged strategies. Magazines: `limbo_magazines` more per handle. The
/// collector's own memory comes beside it, and a forgotten handle keeps it from being freed.
///
/// A pool that is dropped waits until no magazine is in limbo. A thread that ends at the same time,
/// and is held up in the middle of the collector, may keep one there. After a million tries in a
/// row the pool leaves all its memory, and its source, where they are: they are never freed.
///
/// # Wrap time
///
/// None: there is no tag.
///
/// [`limbo_magazines`]: crate::PoolBuilder::limbo_magazines
/// [`Stats::overflows`]: crate::Stats::overflows
pub type EpochDeferred = super::Deferred<Epoch>;
