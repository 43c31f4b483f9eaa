//! Run-down protection: a thread that ends and the pool's owner agree on who frees the pool.
//!
//! A thread that ends does not know whether the pool still exists. The owner, who drops the pool,
//! does not know which threads are about to end. Neither waits for the other: each thread takes a
//! guard before it touches the pool, the owner closes the rundown, and the last of them
//! frees the object. The owner may also leave the object where it is for good; it then keeps a
//! guard for ever.
//!
//! # State word
//!
//! | bits | name | meaning | set by | cleared by |
//! |---|---|---|---|---|
//! | 0 | `CLOSED` | the owner has gone, and no further guard is given out | owner | never |
//! | 1 | `EXCLUSIVE` | the owner is alone with the object; threads that want a guard wait | owner | owner |
//! | 2.. | guards | how many guards exist | each guard | each guard |
//!
//! The pool has one word, instead of one for each thread cache, so its end costs one RMW however
//! many threads live on.
//!
//! # Invariants
//!
//! - R1. A guard comes from a CAS on a word without `CLOSED`, so the object existed at that
//!   instant. It exists until all guards are dropped and the owner has gone.
//! - R2. The word becomes "closed, no guard" at most once: by the owner, or by the last guard after
//!   the owner has gone. The thread that makes it so frees the object.
//!
//! # Progress
//!
//! Taking a guard, dropping it and closing are lock-free. [`exclusive`](Rundown::exclusive) waits
//! until no guard exists, and threads that want a guard wait for the owner meanwhile.
//!
//! # Source
//!
//! The name and the roles are those of run-down protection in operating system kernels.

use core::ptr::NonNull;

use crate::sync::{AtomicUsize, opaque, site, thread};

const CLOSED: usize = 1;
const EXCLUSIVE: usize = 2;
const ONE_GUARD: usize = 4;

/// Protects a boxed `T` that has one owner and any number of guards. The owner and the guards share
/// this object.
pub struct Rundown<T> {
    word: AtomicUsize,
    object: NonNull<T>,
}

// SAFETY: guards share the object, and any of their threads may free it.
unsafe impl<T: Send + Sync> Send for Rundown<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Rundown<T> {}

/// Keeps the object alive.
pub struct RundownGuard<'r, T>(&'r Rundown<T>);

/// As long as this exists, no guard does: the owner is alone with the object.
pub struct Exclusive<'r>(&'r AtomicUsize);

opaque! {
    [T] Rundown<T>;
    [T] RundownGuard<'_, T>;
    [] Exclusive<'_>;
}

impl<T> Rundown<T> {
    /// Protects `object`.
    ///
    /// # Safety
    ///
    /// `object` is from [`Box::into_raw`] and written before the first guard is taken. The owner
    /// uses it until [`close`](Self::close), and no other thread frees it.
    pub unsafe fn new(object: NonNull<T>) -> Self {
        Self { word: AtomicUsize::new(0), object }
    }

    /// A guard, unless the owner has gone.
    pub fn enter(&self) -> Option<RundownGuard<'_, T>> {
        // The first guess is a word without guards, which is the most frequent one.
        let mut seen = 0;
        loop {
            // ORDERING(RD-2): Acquire on success. Observes the object as the owner left it when it
            //   gave its exclusive access up.
            //   pairs with RD-6 (release, Release); killed by rundown/enter_exclusive
            // ORDERING(RD-3): Relaxed on failure. A guess for the next round; "closed" is never
            //   taken back.
            let entered = self.word.compare_exchange(
                seen,
                seen + ONE_GUARD,
                site::RUNDOWN_ENTER.ordering(),
                site::RUNDOWN_ENTER_FAILED.ordering(),
            );
            match entered {
                Ok(_) => return Some(RundownGuard(self)),
                Err(now) if now & CLOSED != 0 => return None,
                Err(now) if now & EXCLUSIVE != 0 => {
                    thread::yield_now();
                    seen = 0;
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Whether the owner has gone. The answer may be out of date.
    pub fn is_closed(&self) -> bool {
        // ORDERING(RD-1): Relaxed. "Closed" is never taken back, and a stale "open" does no harm:
        //   the caller finds out next time.
        self.word.load(site::RUNDOWN_LOOK.ordering()) & CLOSED != 0
    }

    /// Waits until no guard exists, and keeps new ones from being taken. For the owner.
    pub fn exclusive(&self) -> Exclusive<'_> {
        // ORDERING(RD-5): Acquire on success. Observes what the threads did whose guards are gone.
        //   pairs with RD-4 (leave, AcqRel); killed by rundown/enter_exclusive
        // ORDERING(RD-3): Relaxed on failure. Nothing is read through the result.
        while self
            .word
            .compare_exchange(
                0,
                EXCLUSIVE,
                site::RUNDOWN_EXCLUSIVE.ordering(),
                site::RUNDOWN_ENTER_FAILED.ordering(),
            )
            .is_err()
        {
            thread::yield_now();
        }
        Exclusive(&self.word)
    }

    /// The owner goes. Frees the object, unless a guard exists: then the last guard frees it.
    ///
    /// # Safety
    ///
    /// The owner calls this once and does not touch the object again.
    pub unsafe fn close(&self) {
        // ORDERING(RD-7): AcqRel. Publishes what the owner did to the thread that frees; observes
        //   what the threads did whose guards are gone.
        //   pairs with RD-4 (leave, AcqRel); killed by rundown/enter_close
        if self.word.fetch_or(CLOSED, site::RUNDOWN_CLOSE.ordering()) == 0 {
            // SAFETY: R2: the owner made the word "closed, no guard".
            unsafe { self.free() };
        }
    }

    /// The owner goes, and waits until no guard exists: when this returns the object is gone.
    ///
    /// # Safety
    ///
    /// As [`close`](Self::close).
    pub unsafe fn close_and_wait(&self) {
        core::mem::forget(self.exclusive());
        // ORDERING(RD-6): Release. No thread reads what comes before, because a thread that finds
        //   the word closed gets no guard.
        self.word.store(CLOSED, site::RUNDOWN_RELEASE.ordering());
        // SAFETY: R2: no guard existed, and the owner closed.
        unsafe { self.free() };
    }

    /// The owner goes and leaves the object as it is, for good. Waits until no guard exists; no
    /// thread gets one afterwards.
    ///
    /// # Safety
    ///
    /// As [`close`](Self::close).
    pub unsafe fn close_and_keep(&self) {
        core::mem::forget(self.exclusive());
        // The owner counts as a guard that is never dropped, so that no thread frees the object
        // (R2).
        // ORDERING(RD-6): Release. No thread reads what comes before, as in `close_and_wait`.
        self.word.store(CLOSED | ONE_GUARD, site::RUNDOWN_RELEASE.ordering());
    }

    /// # Safety
    ///
    /// Only the thread that made the word "closed, no guard" calls this (R2).
    #[cold]
    unsafe fn free(&self) {
        // SAFETY: from `Box::into_raw` by `new`, and no thread uses it any more.
        drop(unsafe { Box::from_raw(self.object.as_ptr()) });
    }
}

impl<T> core::ops::Deref for RundownGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: R1.
        unsafe { self.0.object.as_ref() }
    }
}

impl<T> Drop for RundownGuard<'_, T> {
    fn drop(&mut self) {
        // ORDERING(RD-4): AcqRel. Publishes what this thread did, to the thread that frees the
        //   object or to an owner that waits for exclusive access; the last guard observes what the
        //   threads of all other guards did. pairs with RD-4, RD-5, RD-7; killed by
        //   rundown/enter_enter_close
        if self.0.word.fetch_sub(ONE_GUARD, site::RUNDOWN_LEAVE.ordering()) == CLOSED | ONE_GUARD {
            // SAFETY: R2: this guard made the word "closed, no guard".
            unsafe { self.0.free() };
        }
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // ORDERING(RD-6): Release. Publishes what the owner did.
        //   pairs with RD-2 (enter, Acquire); killed by rundown/enter_exclusive
        self.0.store(0, site::RUNDOWN_RELEASE.ordering());
    }
}
