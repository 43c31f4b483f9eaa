//! Reclamation libraries into which the checkers cannot see, made visible at their border.
//!
//! Such a library uses std's atomics. Its operations are no scheduling points, and for loom they
//! order no memory, so loom would report races that do not exist. So this module makes each
//! operation of the library come right after an RMW on one location, and run without a scheduling
//! point inside: the checkers see each operation as one step, and reorder these steps. A magazine
//! that an operation brings back is collected, and returned after the step. Memory is ordered by
//! what the contract of [`Reclaimer`] promises, and no more:
//!
//! - every later pin and protection acquires a deferral (`order`: Release, Acquire);
//! - a deferral that a pin or a protection may have held up acquires its end (`ended`: Release,
//!   Acquire);
//! - the thread that runs a deferral acquires it (`deferred`: Release, Acquire).
//!
//! The last two are there for loom only. shuttle orders no memory, and each would be one more step
//! there.
//!
//! # What such a row proves
//!
//! It proves that the adapter keeps the contract, and that the lists above need only the contract:
//! when the library says that a magazine may come back, no interleaving with the shipped lists
//! breaks them. It does not prove that the library is right inside. Neither its own interleavings
//! nor its orderings are checked, and a fence on which the adapter relies is not checked either.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize as Number, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use peers::{Hazard, Seize, hyaline};
use stampool::raw::free_list::{Guard, Head, Reclaimer};
use stampool::raw::sync::{Arc, AtomicUsize, Ordering};

/// A library behind the contract.
pub trait Peer: Reclaimer {
    /// Its name in the ledger.
    const OPAQUE: &'static str;
    /// Whether its guards hold up only what they protect.
    const PROTECTS: bool = false;
}

impl Peer for Seize<hyaline::PerGuard> {
    const OPAQUE: &'static str = "Opaque<Seize>";
}

impl Peer for Hazard<1> {
    const OPAQUE: &'static str = "Opaque<Hazard>";
    const PROTECTS: bool = true;
}

/// A library with its border made visible.
pub struct Opaque<R> {
    order: AtomicUsize,
    ghost: Arc<Ghost>,
    library: R,
}

/// State that the checkers do not see, in std's types. No scheduling point comes while a lock is
/// held. All threads of a checker run on one real thread, so the orderings here mean nothing.
struct Ghost {
    /// Of all pins and protections: what a look acquires too much, the library's own fences would.
    ended: AtomicUsize,
    /// Of all deferrals.
    deferred: AtomicUsize,
    pins: Mutex<Vec<Pinned>>,
    pinned: Number,
    /// Let go of by the library, and about to land.
    reusable: Mutex<Vec<Waiting>>,
    /// Deferred, and not reusable.
    waiting: Number,
}

/// A pin that is held.
#[derive(Clone)]
struct Pinned {
    number: usize,
    /// The address that it protects, where it protects one.
    protects: usize,
}

struct Waiting {
    land: Box<dyn FnOnce() + Send>,
    /// What it waits for that is still held, at its deferral.
    pins: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Orders memory, and nothing else.
fn edge(place: &AtomicUsize, order: Ordering) {
    if crate::BACKEND == "loom" {
        place.fetch_add(1, order);
    }
}

impl Ghost {
    fn new() -> Self {
        Self {
            ended: AtomicUsize::new(0),
            deferred: AtomicUsize::new(0),
            pins: Mutex::default(),
            pinned: Number::new(0),
            reusable: Mutex::default(),
            waiting: Number::new(0),
        }
    }

    fn land(&self) {
        let reusable = core::mem::take(&mut *lock(&self.reusable));
        for Waiting { land, pins } in reusable {
            // By RMWs: a load may miss the last store.
            edge(&self.deferred, Ordering::Acquire);
            if pins > 0 {
                edge(&self.ended, Ordering::Acquire);
            }
            land();
        }
    }
}

/// A guard of the library, and what the checkers see of it.
pub struct OpaqueGuard<'g, R: Peer> {
    opaque: &'g Opaque<R>,
    number: usize,
    /// The address that it protects, where guards do that; 0 for none.
    protected: Cell<usize>,
    /// Taken at the end.
    guard: Cell<Option<R::Guard<'g>>>,
}

impl<R: Peer> OpaqueGuard<'_, R> {
    /// The step before an address is published, or the slot cleared.
    fn protects(&self, address: usize) {
        if self.protected.get() != 0 {
            // What was protected is let go of by the same step.
            edge(&self.opaque.ghost.ended, Ordering::Release);
        }
        self.opaque.order.fetch_add(1, Ordering::Acquire);
        self.protected.set(address);
        let mut pins = lock(&self.opaque.ghost.pins);
        let own = pins.iter_mut().find(|pin| pin.number == self.number);
        own.expect("a pin is held").protects = address;
    }
}

impl<R: Peer> Guard for OpaqueGuard<'_, R> {
    fn protect(&self, seen: Head, mut load: impl FnMut() -> Head) -> Head {
        if !R::PROTECTS || seen.top.is_none() {
            return seen;
        }
        let guard = self.guard.take().expect("until the end");
        self.protects(seen.top.address());
        let head = guard.protect(seen, || {
            let found = load();
            let address = found.top.address();
            if address != 0 && address != self.protected.get() {
                // The library publishes it next.
                self.protects(address);
            }
            found
        });
        self.guard.set(Some(guard));
        head
    }
}

impl<'g, R: Peer> Drop for OpaqueGuard<'g, R> {
    fn drop(&mut self) {
        if !R::PROTECTS {
            edge(&self.opaque.ghost.ended, Ordering::Release);
            self.opaque.order.fetch_add(1, Ordering::Relaxed);
        } else if self.protected.get() != 0 {
            self.protects(0);
        }
        lock(&self.opaque.ghost.pins).retain(|pin| pin.number != self.number);
        drop(self.guard.take());
        self.opaque.ghost.land();
    }
}

// SAFETY: the library's: this only makes steps of it, and lands later.
unsafe impl<R: Peer> Reclaimer for Opaque<R> {
    const NAME: &'static str = R::OPAQUE;
    type Participant = R::Participant;
    type Guard<'g> = OpaqueGuard<'g, R>;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self { order: AtomicUsize::new(0), ghost: Arc::new(Ghost::new()), library: R::new() }
    }

    fn join(&self) -> R::Participant {
        self.library.join()
    }

    fn pin<'g>(&'g self, participant: &'g R::Participant) -> OpaqueGuard<'g, R> {
        if !R::PROTECTS {
            // Else it matters only once it protects something.
            self.order.fetch_add(1, Ordering::Acquire);
        }
        let guard = Cell::new(Some(self.library.pin(participant)));
        let number = self.ghost.pinned.fetch_add(1, Relaxed);
        let pin = Pinned { number, protects: 0 };
        lock(&self.ghost.pins).push(pin);
        OpaqueGuard { opaque: self, number, protected: Cell::new(0), guard }
    }

    unsafe fn defer(
        &self,
        guard: &Self::Guard<'_>,
        magazine: usize,
        on_safe: impl FnOnce() + Send,
    ) {
        let land: Box<dyn FnOnce() + Send + '_> = Box::new(on_safe);
        // SAFETY: by the caller it may run until `drain` has returned.
        let land: Box<dyn FnOnce() + Send> = unsafe { core::mem::transmute(land) };
        edge(&self.ghost.deferred, Ordering::Release);
        self.order.fetch_add(1, Ordering::Release);
        let holds_up = |pin: &&Pinned| {
            pin.number != guard.number && (!R::PROTECTS || pin.protects == magazine)
        };
        let pins = lock(&self.ghost.pins).iter().filter(holds_up).count();
        let waiting = Waiting { land, pins };
        self.ghost.waiting.fetch_add(1, Relaxed);
        let ghost = Arc::clone(&self.ghost);
        let release = move || {
            ghost.waiting.fetch_sub(1, Relaxed);
            lock(&ghost.reusable).push(waiting);
        };
        let library = guard.guard.take().expect("until the end");
        // SAFETY: the caller's word; what runs only collects.
        unsafe { self.library.defer(&library, magazine, release) };
        guard.guard.set(Some(library));
        self.ghost.land();
    }

    fn collect(&self, guard: &Self::Guard<'_>) {
        self.order.fetch_add(1, Ordering::Relaxed);
        let library = guard.guard.take().expect("until the end");
        self.library.collect(&library);
        guard.guard.set(Some(library));
        self.ghost.land();
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        // SAFETY: by the caller.
        unsafe { self.library.drain(|| self.ghost.waiting.load(Relaxed) == 0) };
        self.ghost.land();
        assert!(is_done(), "something waits that was never deferred");
    }
}
