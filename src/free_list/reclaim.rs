//! When a magazine that has been in a list may come back to one.
//!
//! A popper looks at the top magazine and its link, and then exchanges the head. Between the two
//! the magazine may leave the list. If it comes back meanwhile, below other magazines, the exchange
//! succeeds with a stale link: ABA. A tag makes the exchange fail; a [`Reclaimer`] sees to it that
//! the magazine does not come back while the popper looks.

use super::head::Head;

/// What a thread holds while it looks at magazines that it does not own.
pub trait Guard {
    /// Gives a head whose top does not come back to the list until the guard protects another one,
    /// something is deferred under it, or it is dropped: `seen`, or a later one that `load`
    /// brought.
    #[inline]
    fn protect(&self, seen: Head, load: impl FnMut() -> Head) -> Head {
        _ = load;
        seen
    }
}

impl Guard for () {}

/// Says when a magazine that a removal brought may be pushed again.
///
/// # Safety
///
/// What is given to [`defer`](Self::defer) runs once at most, and not before every guard that was
/// held at its call, on whatever thread, has been let go of; guards that do not
/// [`protect`](Guard::protect) the magazine in question need not be waited for. What a guard's holder
/// did happens before; and what the caller of `defer` did before happens before whatever is done
/// under a guard that was not waited for.
///
/// Where [`DEFERS`](Self::DEFERS) is false, it runs at once. Where it is true, what waits runs some
/// time after the last guard that it waits for was let go of, if [`defer`](Self::defer) or
/// [`collect`](Self::collect) are called often enough.
///
/// A guard is used with the reclaimer that made it, and a participant too.
pub unsafe trait Reclaimer: Send + Sync + Sized + 'static {
    /// Name of the strategy that it makes.
    const NAME: &'static str;

    /// Whether anything waits at all.
    const DEFERS: bool = true;

    /// A thread cache's standing here.
    type Participant;

    /// Held while a removal looks at a list.
    type Guard<'g>: Guard;

    /// A reclaimer that no thread has joined.
    fn new() -> Self;

    /// A new participant. It is used by one thread at a time.
    fn join(&self) -> Self::Participant;

    /// Ends a participant that may be the last to refer to the reclaimer: its pool may be gone.
    fn end(participant: Self::Participant) {
        drop(participant);
    }

    /// Until the guard is dropped nothing comes back that this thread may have seen.
    fn pin<'g>(&'g self, participant: &'g Self::Participant) -> Self::Guard<'g>;

    /// Runs `on_safe` when no thread looks any more at what the caller has removed under `guard`.
    /// `magazine` is the address by which guards protect it.
    ///
    /// # Safety
    ///
    /// `on_safe` may run on any thread, as long as the caller's count says that it waits, and what
    /// it leads to stays so long: beyond [`drain`](Self::drain), where that gives up.
    unsafe fn defer(&self, guard: &Self::Guard<'_>, magazine: usize, on_safe: impl FnOnce() + Send);

    /// Looks for what need not wait any longer, and runs some of it. Called when no more may wait,
    /// so that this does not last. Ends whatever the guard protects.
    fn collect(&self, guard: &Self::Guard<'_>);

    /// Runs all that waits, until `is_done`, and gives up where nothing has run for long. It takes
    /// `&self`, because threads that will not use the pool again may still hold pointers that were
    /// derived from a shared reference.
    ///
    /// # Safety
    ///
    /// Until it returns, no guard is held, no other thread calls this, and no participant is in
    /// use, but that some may be dropped meanwhile on their threads.
    unsafe fn drain(&self, is_done: impl Fn() -> bool);
}

/// Magazines come back at once: the lists themselves withstand ABA.
#[derive(Debug)]
pub struct Immediate;

// SAFETY: for lists that need no guard, nothing has to be waited for.
unsafe impl Reclaimer for Immediate {
    const NAME: &'static str = "Immediate";
    const DEFERS: bool = false;
    type Participant = ();
    type Guard<'g> = ();

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
