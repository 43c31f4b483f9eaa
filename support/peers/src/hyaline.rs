//! Hyaline: the library seize.
//!
//! Retired objects go, in batches, to a list of every thread that is inside a guard at that
//! instant, and the batch counts these threads. A thread that leaves its guard decrements the count
//! of every batch in its list; the thread that reaches zero runs the batch. The batch does not wait
//! for threads outside of guards, and nothing waits for an epoch to advance.
//!
//! Source: Nikolaev & Ravindran, Snapshot-free, transparent, and robust memory reclamation for
//! lock-free data structures, PLDI 2021: the variant Hyaline-1. seize 0.5 has no protection against
//! stalled threads: one that sleeps in a guard holds up all batches retired meanwhile, as with
//! epochs.
//!
//! # Two forms
//!
//! - [`PerThread`]: seize's ordinary guard, which knows its thread by a thread-local. At home on
//!   real threads.
//! - [`PerGuard`]: seize's owned guard, with an identity of its own. For models: all threads of
//!   loom and of shuttle are coroutines on one thread of the system, so a thread-local would make
//!   one thread of them all. Everything would then wait for all threads, and the checks would never
//!   see a magazine come back while a thread that entered later reads.
//!
//! # What it costs here beyond its usual use
//!
//! - A boxed ticket per magazine, since a magazine's own memory is not the reclaimer's to use.
//! - A fence in every pin. seize wants every pointer under a guard loaded by `SeqCst`; the lists
//!   load their heads by Acquire, and where the system has no process-wide barrier the entry would
//!   not be ordered before such a load.
//! - Batches of [`BATCH`](crate::BATCH) instead of 32: each has the price of a process-wide
//!   barrier, which on Linux is a system call.
//! - [`PerGuard`] costs more: a process-wide lock twice per guard, a lock per retirement, and the
//!   barrier for each magazine.
//!
//! # Magazines that wait longer than necessary
//!
//! A batch must have as many entries as threads are inside guards, including the retiring thread.
//! So a batch of one is set aside while any other thread is inside, until the next retirement under
//! the same identity. The pool's bound on its limbo holds nevertheless.

use core::marker::PhantomData;
use core::sync::atomic::{Ordering, fence};

use seize::{Collector, Guard as _, LocalGuard, OwnedGuard};
use stampool::raw::free_list::{Guard, Reclaimer};

/// How a guard knows whose it is.
pub trait Form: Send + Sync + 'static {
    /// Name of the strategy.
    const NAME: &'static str;
    /// Magazines per batch.
    const BATCH: usize;
    /// seize's guard.
    type Guard<'g>: seize::Guard;
    /// Enters.
    fn enter(collector: &Collector) -> Self::Guard<'_>;
}

/// By the thread.
#[derive(Debug)]
pub struct PerThread;

impl Form for PerThread {
    const NAME: &'static str = "Seize";
    const BATCH: usize = crate::BATCH;
    type Guard<'g> = LocalGuard<'g>;

    #[inline]
    fn enter(collector: &Collector) -> LocalGuard<'_> {
        collector.enter()
    }
}

/// By itself.
#[derive(Debug)]
pub struct PerGuard;

impl Form for PerGuard {
    const NAME: &'static str = "SeizeOwned";
    const BATCH: usize = 1;
    type Guard<'g> = OwnedGuard<'g>;

    #[inline]
    fn enter(collector: &Collector) -> OwnedGuard<'_> {
        collector.enter_owned()
    }
}

/// Magazines come back when every thread that was inside a guard has left it: seize, with a
/// collector of the pool's own.
#[derive(Debug)]
pub struct Seize<F>(Collector, PhantomData<F>);

/// A guard of the pool's collector.
#[derive(Debug)]
pub struct Inside<G>(G);

impl<G> Guard for Inside<G> {}

/// Runs what waited.
///
/// # Safety
///
/// `ticket` was a box, and is run once.
unsafe fn run<L: FnOnce()>(ticket: *mut L, _collector: &Collector) {
    // SAFETY: by the caller.
    let land = unsafe { Box::from_raw(ticket) };
    land();
}

// SAFETY: seize's contract: what is retired runs when every guard that was entered before has been
// left, and its barrier orders removals before the loads under later guards. That the loads take
// part is up to the fence in `pin`.
unsafe impl<F: Form> Reclaimer for Seize<F> {
    const NAME: &'static str = F::NAME;
    type Participant = ();
    type Guard<'g> = Inside<F::Guard<'g>>;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self(Collector::new().batch_size(F::BATCH), PhantomData)
    }

    fn join(&self) {}

    #[inline]
    fn pin<'g>(&'g self, _participant: &'g ()) -> Inside<F::Guard<'g>> {
        let guard = F::enter(&self.0);
        // Between the entry and the first look at a head: either the retiring thread sees the
        // entry, or this thread sees what was removed. Pairs with seize's heavy barrier.
        fence(Ordering::SeqCst);
        Inside(guard)
    }

    #[inline]
    unsafe fn defer(
        &self,
        guard: &Self::Guard<'_>,
        _magazine: usize,
        on_safe: impl FnOnce() + Send,
    ) {
        let ticket = Box::into_raw(Box::new(on_safe));
        // SAFETY: a box that nobody else knows; by the caller it may run on any thread until
        // `drain` has returned, and `drain` leaves nothing to run.
        unsafe { guard.0.defer_retire(ticket, run) };
    }

    fn collect(&self, guard: &Self::Guard<'_>) {
        guard.0.flush();
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        // SAFETY: no guard is held, so all that waits lies in batches put aside; and by
        // the caller nobody else uses the collector.
        unsafe { self.0.reclaim_all() };
        assert!(is_done(), "something waits that was never deferred");
    }
}
