//! The way from a thread's end to its pool, which may be dropped at the same time.
//!
//! A thread that ends does not know whether the pool still stands; the pool, when it is dropped,
//! does not know which threads are about to end. Neither waits for the other: the last one out
//! frees. An owner may also leave the room as it is, for good: then it stays a visitor for ever.
//!
//! # State word
//!
//! | bits | name | meaning | set by | cleared by |
//! |---|---|---|---|---|
//! | 0 | `SHUT` | the owner has gone: nobody comes in any more | owner | never |
//! | 1 | `HELD` | the owner is alone with the room: who comes waits | owner | owner |
//! | 2.. | visitors | how many are inside | each visitor | each visitor |
//!
//! So a cache is *attached* (its slot has an owner), *leaving* (its thread is inside), or *dead*
//! (the door is shut, and its blocks have gone with the pool). One word per pool says so, not one
//! per slot: the pool's end costs one RMW however many threads live on.
//!
//! # Invariants
//!
//! - D1. Whoever is inside was let in by a CAS on a word without `SHUT`, so the room was there; it
//!   stays until visitors and owner are out.
//! - D2. The word becomes "shut, nobody inside" at most once: by the owner, or by the last visitor
//!   after him. Whoever makes it so frees the room.
//!
//! # Progress
//!
//! Coming in, going out and shutting are lock-free. [`hold`](Door::hold) waits for visitors, and
//! visitors wait for it.

use core::ptr::NonNull;

use crate::sync::{AtomicUsize, site, thread};

const SHUT: usize = 1;
const HELD: usize = 2;
const ONE: usize = 4;

/// The door of a boxed `T` with one owner and any number of visitors. Shared by them all.
pub struct Door<T> {
    word: AtomicUsize,
    room: NonNull<T>,
}

// SAFETY: visitors share the room, and any of them may be the one who frees it.
unsafe impl<T: Send + Sync> Send for Door<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Door<T> {}

/// A visit: the room stays as long as it lasts.
pub struct Inside<'d, T>(&'d Door<T>);

/// The owner is alone in the room.
pub struct Held<'d>(&'d AtomicUsize);

impl<T> Door<T> {
    /// The open door of `room`.
    ///
    /// # Safety
    ///
    /// `room` is from [`Box::into_raw`], written before anybody comes in, and goes with the door:
    /// the owner uses it until [`shut`](Self::shut), and nobody else frees it.
    pub unsafe fn new(room: NonNull<T>) -> Self {
        Self { word: AtomicUsize::new(0), room }
    }

    /// Comes in, unless the owner has gone.
    pub fn enter(&self) -> Option<Inside<'_, T>> {
        // Most come when nobody is inside.
        let mut seen = 0;
        loop {
            // ORDERING(DO-2): Acquire on success. Observes the room as whoever held it left it.
            //   pairs with DO-6 (release, Release); killed by door/enter_hold
            // ORDERING(DO-3): Relaxed on failure. A guess for the next round; that the owner has
            //   gone is never taken back.
            let entered = self.word.compare_exchange(
                seen,
                seen + ONE,
                site::DOOR_ENTER.ordering(),
                site::DOOR_ENTER_FAILED.ordering(),
            );
            match entered {
                Ok(_) => return Some(Inside(self)),
                Err(now) if now & SHUT != 0 => return None,
                Err(now) if now & HELD != 0 => {
                    thread::yield_now();
                    seen = 0;
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Whether the owner has gone, as last heard of.
    pub fn is_shut(&self) -> bool {
        // ORDERING(DO-1): Relaxed. "Shut" is never taken back, and an old look does no harm: the
        //   tenant is found out next time.
        self.word.load(site::DOOR_LOOK.ordering()) & SHUT != 0
    }

    /// Waits until nobody is inside, and keeps everybody out. For the owner.
    pub fn hold(&self) -> Held<'_> {
        // ORDERING(DO-5): Acquire on success. Observes what visitors did who are out.
        //   pairs with DO-4 (leave, AcqRel); killed by door/enter_hold
        // ORDERING(DO-3): Relaxed on failure. Nothing is read.
        while self
            .word
            .compare_exchange(
                0,
                HELD,
                site::DOOR_HOLD.ordering(),
                site::DOOR_ENTER_FAILED.ordering(),
            )
            .is_err()
        {
            thread::yield_now();
        }
        Held(&self.word)
    }

    /// The owner goes. Frees the room, unless somebody is inside, who then will.
    ///
    /// # Safety
    ///
    /// For the owner, once; he does not touch the room again.
    pub unsafe fn shut(&self) {
        // ORDERING(DO-7): AcqRel. Publishes what the owner did to whoever frees; observes what
        //   visitors did who are out. pairs with DO-4 (leave, AcqRel); killed by door/enter_shut
        if self.word.fetch_or(SHUT, site::DOOR_SHUT.ordering()) == 0 {
            // SAFETY: D2: it was the owner who made it so.
            unsafe { self.free() };
        }
    }

    /// The owner goes, and waits for those inside: when this returns the room is gone.
    ///
    /// # Safety
    ///
    /// As [`shut`](Self::shut).
    pub unsafe fn shut_alone(&self) {
        core::mem::forget(self.hold());
        // ORDERING(DO-6): Release. Nobody reads what comes before: who finds the word shut turns
        //   back.
        self.word.store(SHUT, site::DOOR_RELEASE.ordering());
        // SAFETY: D2: nobody was inside, and it was the owner who shut.
        unsafe { self.free() };
    }

    /// The owner goes and leaves the room as it is, for good. Waits for visitors; when this
    /// returns, nobody is inside, and nobody will come in.
    ///
    /// # Safety
    ///
    /// As [`shut`](Self::shut).
    pub unsafe fn shut_and_keep(&self) {
        core::mem::forget(self.hold());
        // The owner counts as a visitor that never leaves, so that nobody frees the room (D2).
        // ORDERING(DO-6): Release. Nobody reads what comes before: a thread that finds the word
        //   shut does not come in.
        self.word.store(SHUT | ONE, site::DOOR_RELEASE.ordering());
    }

    /// # Safety
    ///
    /// By D2, by whoever made the word "shut, nobody inside".
    #[cold]
    unsafe fn free(&self) {
        // SAFETY: from `Box::into_raw` by `new`, and nobody is there any more.
        drop(unsafe { Box::from_raw(self.room.as_ptr()) });
    }
}

impl<T> core::ops::Deref for Inside<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: D1.
        unsafe { self.0.room.as_ref() }
    }
}

impl<T> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        // ORDERING(DO-4): AcqRel. Publishes what this visitor did to whoever frees, or holds; the
        //   last one out observes what all others did.
        //   pairs with DO-4, DO-5, DO-7; killed by door/enter_enter_shut
        if self.0.word.fetch_sub(ONE, site::DOOR_LEAVE.ordering()) == SHUT | ONE {
            // SAFETY: D2: it was this visitor who made it so.
            unsafe { self.0.free() };
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // ORDERING(DO-6): Release. Publishes what the owner did.
        //   pairs with DO-2 (enter, Acquire); killed by door/enter_hold
        self.0.store(0, site::DOOR_RELEASE.ordering());
    }
}
