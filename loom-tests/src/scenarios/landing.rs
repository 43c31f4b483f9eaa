//! The limbo alone.
//!
//! Two threads send a magazine to limbo at the same time, and there is room for both.
//!
//! A thread that ends returns a magazine while the mediator is dropped. The thread
//! does nothing else with the mediator. It drops a participant, as crossbeam-epoch's `LocalHandle`
//! is dropped, and that runs what another thread has deferred.

use core::mem::MaybeUninit;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stampool::raw::block::Block;
use stampool::raw::chunk::Regions;
use stampool::raw::free_list::{Deferred, Reclaimer, Requirements, Take};
use stampool::raw::mediator::Mediator;
use stampool::raw::sync::{AtomicUsize, Ordering, thread};
use stampool::{Strategy, SystemSource};

use super::make_magazine;
use crate::one_at_a_time::operation;

/// Two threads send a magazine to limbo.
pub const TOGETHER: &str = "limbo/enter_enter";

/// A magazine comes back while the mediator is dropped.
pub const NAME: &str = "limbo/land_drop";

/// The subject's name in the ledger.
pub const SUBJECT: &str = "Limbo";

/// The deferred functions that wait. They are behind a std mutex, which orders nothing that the
/// checkers see. An RMW shows the checkers the order in which threads come, and orders nothing
/// else.
#[derive(Clone)]
struct Waiting(Arc<(AtomicUsize, Mutex<Lands>)>);

type Lands = Vec<Box<dyn FnOnce() + Send>>;

impl Waiting {
    fn ghost(&self) -> MutexGuard<'_, Lands> {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs all that waits. Says how much that was.
    fn run(&self) -> usize {
        let all = core::mem::take(&mut *self.ghost());
        all.into_iter().map(|land| land()).count()
    }
}

/// Runs what waits when a participant ends, or in the drain.
struct AtEnds(Waiting);

// SAFETY: no guard is held in the scenario when anything runs.
unsafe impl Reclaimer for AtEnds {
    const NAME: &'static str = SUBJECT;
    type Participant = Waiting;
    type Guard<'g> = ();
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        Self(Waiting(Arc::new((AtomicUsize::new(0), Mutex::default()))))
    }

    fn join(&self) -> Waiting {
        self.0.clone()
    }

    fn pin<'g>(&'g self, _participant: &'g Waiting) {}

    unsafe fn defer(&self, _guard: &(), _magazine: usize, on_safe: impl FnOnce() + Send) {
        let land: Box<dyn FnOnce() + Send + '_> = Box::new(on_safe);
        // SAFETY: by the caller it may run as long as it waits.
        let land: Box<dyn FnOnce() + Send> = unsafe { core::mem::transmute(land) };
        self.0.ghost().push(land);
    }

    fn collect(&self, _guard: &()) {}

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        self.0.run();
        while !is_done() {
            thread::yield_now();
        }
    }
}

type DeferredMediator = Mediator<Deferred<AtEnds>>;

/// A mediator in which so many magazines may wait, and which holds as many full ones. The regions
/// hold all that it needs.
fn mediator(limbo: usize) -> (Regions<SystemSource>, DeferredMediator) {
    let mechanism = Deferred::<AtEnds>::mechanism(Requirements::default()).expect("no requirement");
    let mut regions = Regions::new(SystemSource);
    let mediator = DeferredMediator::new(1, 1, &mechanism);
    for index in 0..2 * limbo + 1 {
        // SAFETY: of the mediator's store.
        unsafe { mediator.add_magazine(make_magazine(mediator.store(), index, &mut regions)) };
    }
    mediator.extend_limbo(limbo);
    let participant = mediator.join();
    for _ in 0..limbo {
        let block = Block(regions.obtain(core::alloc::Layout::new::<u64>()).expect("memory"));
        // SAFETY: the participant has joined this mediator.
        unsafe { mediator.client(&participant, mediator.shard_id(0)) }.offer(&[block]);
    }
    (regions, mediator)
}

/// Empties a full magazine, which then waits.
fn request(mediator: &DeferredMediator, participant: &Waiting) {
    // SAFETY: the callers' participants have joined this mediator.
    let client = unsafe { mediator.client(participant, mediator.shard_id(0)) };
    assert_eq!(
        client.request(Take::UpTo(1), &mut [MaybeUninit::uninit()]),
        1,
        "a block was listed"
    );
}

/// Runs [`TOGETHER`] once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn enter_and_enter() -> String {
    let (_regions, mediator) = mediator(2);
    let mediator = Arc::new(mediator);
    let other = {
        let mediator = Arc::clone(&mediator);
        thread::spawn(move || operation(|| request(&mediator, &mediator.join())))
    };
    operation(|| request(&mediator, &mediator.join()));
    other.join().expect("no panic unreported");
    let (waiting, _) = mediator.limbo();
    assert_eq!(waiting, 2, "the limbo refused a magazine although it had room");
    let mut mediator = Arc::into_inner(mediator).expect("the other thread has ended");
    mediator.end_magazines();
    "both wait".into()
}

/// Runs [`NAME`] once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body() -> String {
    let (_regions, mut mediator) = mediator(1);
    let participant = mediator.join();
    request(&mediator, &participant);
    assert_eq!(mediator.limbo().0, 1, "its magazine waits");

    let other = thread::spawn(move || operation(|| participant.run()));
    operation(move || {
        mediator.end_magazines();
        drop(mediator);
    });
    match other.join().expect("no panic unreported") {
        0 => "the drain landed it".into(),
        _ => "the other thread landed it".into(),
    }
}

/// Either of the two lands it.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["the drain landed it", "the other thread landed it"].map(String::from).into()
}
