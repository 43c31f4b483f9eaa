//! When a magazine that was removed from a list may be pushed to a list again.
//!
//! A popper reads the top magazine and its link, and then exchanges the head. Between the two the
//! magazine may leave the list and come back, with other magazines below it. The exchange then
//! succeeds and installs a stale link: ABA. A tag makes the exchange fail. A [`Reclaimer`] instead
//! keeps the magazine from coming back while the popper may be reading it.

use core::ops::Deref;

use super::head::Head;
use crate::sync::InPlace;

/// What a thread holds while it reads magazines that it does not own.
pub trait Guard {
    /// Returns a head whose top magazine is protected: `seen`, or a newer head from `load`. The
    /// magazine does not come back to the list until the guard protects another one, a function is
    /// deferred under the guard, or the guard is dropped.
    #[inline]
    fn protect(&self, seen: Head, load: impl FnMut() -> Head) -> Head {
        _ = load;
        seen
    }
}

impl Guard for () {}

/// Decides when a magazine that was removed may be pushed again.
///
/// # Safety
///
/// A function that is given to [`defer`](Self::defer) runs at most once. It runs only after every
/// guard that existed at the call, on any thread, has been dropped; it need not wait for a guard
/// that does not [`protect`](Guard::protect) the magazine in question. Everything that a thread did
/// under such a guard happens before the function. If the function did not wait for a guard,
/// everything that the caller of `defer` did before the call happens before what is done under that
/// guard.
///
/// If [`DEFERS`](Self::DEFERS) is false, the function runs at once. If it is true, the function
/// runs some time after the last guard that it waits for was dropped, provided that
/// [`defer`](Self::defer) or [`collect`](Self::collect) are called often enough. [`Place`](Self::Place)
/// is then a `Box`.
///
/// Guards and participants are used only with the reclaimer that made them.
pub unsafe trait Reclaimer: Send + Sync + Sized + 'static {
    /// Name of the strategy that this reclaimer makes.
    const NAME: &'static str;

    /// Whether deferred functions wait. False means that they run at once.
    const DEFERS: bool = true;

    /// What a thread cache holds to take part.
    type Participant;

    /// What a thread holds while a removal reads a list.
    type Guard<'g>: Guard;

    /// Where the mediator keeps the object to which deferred functions point. If functions wait, the
    /// object is in a box, because it must not move meanwhile, and stays for good if
    /// [`drain`](Self::drain) gives up. If none waits, it is [in place](InPlace), so that a mediator
    /// needs no heap.
    type Place<T: Send + Sync>: Deref<Target = T> + From<T> + Send + Sync;

    /// A new reclaimer, which no thread has joined.
    fn new() -> Self;

    /// A new participant. It is used by one thread at a time.
    fn join(&self) -> Self::Participant;

    /// Drops a participant. It may be the last thing that refers to the reclaimer, because its pool
    /// may be gone.
    fn end(participant: Self::Participant) {
        drop(participant);
    }

    /// Pins. Until the guard is dropped, no magazine that this thread may have seen comes back.
    fn pin<'g>(&'g self, participant: &'g Self::Participant) -> Self::Guard<'g>;

    /// Runs `on_safe` when no thread can be reading the magazine any more that the caller has
    /// removed under `guard`. `magazine` is its address, by which guards protect it.
    ///
    /// # Safety
    ///
    /// `on_safe` may run on any thread, at any time until the caller has counted it as done.
    /// Everything to which it points exists until then, even if [`drain`](Self::drain) has given
    /// up.
    unsafe fn defer(&self, guard: &Self::Guard<'_>, magazine: usize, on_safe: impl FnOnce() + Send);

    /// Runs some of the functions that need not wait any longer. Called when no further function
    /// may wait, so that some finish. The guard no longer protects anything afterwards.
    fn collect(&self, guard: &Self::Guard<'_>);

    /// Runs everything that waits, until `is_done` returns true, and gives up if nothing has run
    /// for a long time. It takes `&self`, because threads that will not use the pool again may
    /// still hold pointers that were derived from a shared reference.
    ///
    /// # Safety
    ///
    /// Until it returns, no guard is held, no other thread calls this, and no participant is in
    /// use. Threads may drop participants meanwhile.
    unsafe fn drain(&self, is_done: impl Fn() -> bool);
}

/// Magazines come back at once, because the lists themselves withstand ABA.
#[derive(Debug)]
pub struct Immediate;

// SAFETY: for lists that need no guard, a function has no guard to wait for.
unsafe impl Reclaimer for Immediate {
    const NAME: &'static str = "Immediate";
    const DEFERS: bool = false;
    type Participant = ();
    type Guard<'g> = ();
    type Place<T: Send + Sync> = InPlace<T>;

    fn new() -> Self {
        Self
    }

    #[inline]
    fn join(&self) {}

    #[inline]
    fn pin<'g>(&'g self, _participant: &'g ()) {}

    #[inline]
    unsafe fn defer(&self, _guard: &(), _magazine: usize, on_safe: impl FnOnce() + Send) {
        on_safe();
    }

    #[inline]
    fn collect(&self, _guard: &()) {}

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        debug_assert!(is_done(), "nothing ever waits");
    }
}
