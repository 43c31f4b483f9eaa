//! Twins of other people's reclamation: each adapter with one fault, which
//! [`recycle`] must find.
//!
//! | twin | fault | as seen in |
//! |---|---|---|
//! | `seize_no_pin` | a removal looks without a guard | pointers kept after the guard was dropped |
//! | `hazard_not_validated` | published, but not looked at again | hazard pointers set too late |

use peers::{Hazard, Seize, hyaline};
use stampool::raw::free_list::{Guard, Head, Reclaimer};

use super::twin::{TWICE, Twin, UNACQUIRED};
use crate::explore::Bound;
use crate::opaque::{Opaque, Peer};
use crate::scenarios::recycle;

/// All of them.
pub(super) fn twins() -> Vec<Twin> {
    vec![
        twin::<NoPin<Seize<hyaline::PerGuard>>>("twin/seize_no_pin", UNACQUIRED),
        twin::<NotValidated<Hazard<1>>>("twin/hazard_not_validated", TWICE),
    ]
}

fn twin<R: Peer>(name: &'static str, under_loom: &'static str) -> Twin {
    let body = Box::new(recycle::body::<Opaque<R>>);
    let (bound, under_shuttle) = (Bound::Unbounded, Some(TWICE));
    Twin { strategy: R::OPAQUE, name, bound, under_loom, under_shuttle, body }
}

/// Only a deferral is under a guard.
struct NoPin<R>(R);

struct NoGuard;

impl Guard for NoGuard {}

// SAFETY: not so, that is the fault.
unsafe impl<R: Peer<Participant = ()>> Reclaimer for NoPin<R> {
    const NAME: &'static str = R::NAME;
    type Participant = ();
    type Guard<'g> = NoGuard;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self(R::new())
    }

    fn join(&self) {}

    fn pin<'g>(&'g self, _participant: &'g ()) -> NoGuard {
        NoGuard
    }

    unsafe fn defer(&self, _guard: &NoGuard, magazine: usize, on_safe: impl FnOnce() + Send) {
        let guard = self.0.pin(&());
        // SAFETY: by the caller.
        unsafe { self.0.defer(&guard, magazine, on_safe) };
    }

    fn collect(&self, _guard: &NoGuard) {
        self.0.collect(&self.0.pin(&()));
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        // SAFETY: by the caller.
        unsafe { self.0.drain(is_done) };
    }
}

impl<R: Peer<Participant = ()>> Peer for NoPin<R> {
    const OPAQUE: &'static str = R::OPAQUE;
}

/// Whatever was seen is taken for what was found when looking again.
struct NotValidated<R>(R);

struct Published<G>(G);

impl<G: Guard> Guard for Published<G> {
    fn protect(&self, seen: Head, _load: impl FnMut() -> Head) -> Head {
        self.0.protect(seen, || seen)
    }
}

// SAFETY: not so, that is the fault.
unsafe impl<R: Peer> Reclaimer for NotValidated<R> {
    const NAME: &'static str = R::NAME;
    type Participant = R::Participant;
    type Guard<'g> = Published<R::Guard<'g>>;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self(R::new())
    }

    fn join(&self) -> R::Participant {
        self.0.join()
    }

    fn pin<'g>(&'g self, participant: &'g R::Participant) -> Self::Guard<'g> {
        Published(self.0.pin(participant))
    }

    unsafe fn defer(
        &self,
        guard: &Self::Guard<'_>,
        magazine: usize,
        on_safe: impl FnOnce() + Send,
    ) {
        // SAFETY: by the caller.
        unsafe { self.0.defer(&guard.0, magazine, on_safe) };
    }

    fn collect(&self, guard: &Self::Guard<'_>) {
        self.0.collect(&guard.0);
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        // SAFETY: by the caller.
        unsafe { self.0.drain(is_done) };
    }
}

impl<R: Peer> Peer for NotValidated<R> {
    const OPAQUE: &'static str = R::OPAQUE;
    const PROTECTS: bool = R::PROTECTS;
}
