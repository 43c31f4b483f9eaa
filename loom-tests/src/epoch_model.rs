//! What an epoch promises, as a machine that the checkers see: the specification of
//! [`Epoch`](stampool::raw::free_list::Epoch), small enough to be exhausted.
//!
//! Its state is a ghost: plain data behind a std mutex. Every access comes right after an RMW on one
//! location, so that the checkers see, and reorder, each; and what orders memory is what the promise
//! says, no more:
//!
//! - a deferral is acquired by every later pin (`order`: Release, Acquire);
//! - the end of a pin is acquired by whoever runs what it held up (`ended`: Release, Acquire);
//! - a deferral is acquired by whoever runs it (`deferred`: Release, Acquire).

use core::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stampool::raw::free_list::{Guard, Reclaimer};
use stampool::raw::sync::{Arc, AtomicUsize, Ordering};

/// When something that waits runs: a rule, kept or broken.
pub trait Rule: Send + Sync + 'static {
    /// Name of the strategy that follows it.
    const NAME: &'static str;
    /// Whether a pin counts at all.
    const PINS: bool = true;
    /// Which pins a deferral under pin `own` waits for.
    fn waits_for(pin: usize, own: usize) -> bool {
        _ = (pin, own);
        true
    }
    /// Whether anything runs before the drain.
    const RUNS: bool = true;
}

/// A deferral runs as soon as it may.
#[derive(Debug)]
pub struct Prompt;

impl Rule for Prompt {
    const NAME: &'static str = "EpochModel";
}

/// Some thread sleeps while pinned, all the time: nothing runs before the end.
#[derive(Debug)]
pub struct Stalled;

impl Rule for Stalled {
    const NAME: &'static str = "EpochStalled";
    const RUNS: bool = false;
}

/// The specification of an epoch.
#[derive(Debug)]
pub struct EpochModel<R> {
    order: AtomicUsize,
    ghost: Mutex<Ghost>,
    _rule: PhantomData<R>,
}

#[derive(Default)]
struct Ghost {
    pins: Vec<Pinned>,
    next: usize,
    limbo: Vec<Waiting>,
}

impl core::fmt::Debug for Ghost {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} pinned, {} wait", self.pins.len(), self.limbo.len())
    }
}

/// A pin that is held.
#[derive(Clone)]
struct Pinned {
    number: usize,
    ended: Arc<AtomicUsize>,
}

/// What waits, and the pins that it waits for.
struct Waiting {
    land: Box<dyn FnOnce() + Send>,
    pins: Vec<Pinned>,
    deferred: Arc<AtomicUsize>,
}

impl Waiting {
    fn run(self) {
        // By RMWs: a load may miss the last store.
        self.deferred.fetch_add(0, Ordering::Acquire);
        self.pins.iter().for_each(|pin| _ = pin.ended.fetch_add(0, Ordering::Acquire));
        (self.land)();
    }
}

impl<R: Rule> EpochModel<R> {
    fn ghost(&self, order: Ordering) -> MutexGuard<'_, Ghost> {
        self.order.fetch_add(1, order);
        self.ghost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pin.
#[derive(Debug)]
pub struct ModelPin<'g, R: Rule> {
    model: &'g EpochModel<R>,
    number: usize,
    ended: Arc<AtomicUsize>,
}

impl<R: Rule> Guard for ModelPin<'_, R> {}

impl<R: Rule> Drop for ModelPin<'_, R> {
    fn drop(&mut self) {
        if !R::PINS {
            return;
        }
        self.ended.store(1, Ordering::Release);
        let mut ghost = self.model.ghost(Ordering::Relaxed);
        ghost.pins.retain(|pin| pin.number != self.number);
        let held: Vec<usize> = ghost.pins.iter().map(|pin| pin.number).collect();
        let waits =
            |waiting: &mut Waiting| waiting.pins.iter().any(|pin| held.contains(&pin.number));
        let ripe: Vec<Waiting> = if R::RUNS {
            ghost.limbo.extract_if(.., |waiting| !waits(waiting)).collect()
        } else {
            vec![]
        };
        drop(ghost);
        ripe.into_iter().for_each(Waiting::run);
    }
}

// SAFETY: the rule `Prompt` is the contract, word by word, and `Stalled` runs nothing before the
// drain. The other rules break it: that is their fault.
unsafe impl<R: Rule> Reclaimer for EpochModel<R> {
    const NAME: &'static str = R::NAME;
    type Participant = ();
    type Guard<'g> = ModelPin<'g, R>;

    fn new() -> Self {
        Self { order: AtomicUsize::new(0), ghost: Mutex::default(), _rule: PhantomData }
    }

    fn join(&self) {}

    fn pin<'g>(&'g self, _participant: &'g ()) -> ModelPin<'g, R> {
        let ended = Arc::new(AtomicUsize::new(0));
        if !R::PINS {
            return ModelPin { model: self, number: 0, ended };
        }
        let mut ghost = self.ghost(Ordering::Acquire);
        ghost.next += 1;
        let number = ghost.next;
        ghost.pins.push(Pinned { number, ended: Arc::clone(&ended) });
        drop(ghost);
        ModelPin { model: self, number, ended }
    }

    unsafe fn defer(&self, guard: &Self::Guard<'_>, _shell: usize, land: impl FnOnce() + Send) {
        let land: Box<dyn FnOnce() + Send + '_> = Box::new(land);
        // SAFETY: by the caller it may run until `drain` has returned.
        let land: Box<dyn FnOnce() + Send> = unsafe { core::mem::transmute(land) };
        let deferred = Arc::new(AtomicUsize::new(0));
        deferred.store(1, Ordering::Release);
        let mut ghost = self.ghost(Ordering::Release);
        let mut pins = ghost.pins.clone();
        pins.retain(|pin| R::waits_for(pin.number, guard.number));
        if R::RUNS && pins.is_empty() {
            drop(ghost);
            land();
        } else {
            ghost.limbo.push(Waiting { land, pins, deferred });
        }
    }

    fn drain(&mut self, is_done: impl Fn() -> bool) {
        let ghost = self.ghost.get_mut().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut ghost.limbo).into_iter().for_each(Waiting::run);
        assert!(is_done(), "something waits that was never deferred");
    }
}
