//! The specification of [`Epoch`](stampool::raw::free_list::Epoch): what an epoch promises, as a
//! machine that the checkers see, small enough for them to explore completely.
//!
//! The state of the machine is plain data behind a std mutex, which the checkers do not see. Every
//! access comes right after an RMW on one location, `order`, so the checkers see each access and
//! reorder it. Memory is ordered by what the promise says, and no more:
//!
//! - every later pin acquires a deferral, and so does the thread that runs it (`order`: Release,
//!   Acquire);
//! - a thread that runs a deferral acquires the end of every pin for which it waited (`ended`:
//!   Release, Acquire). In crossbeam-epoch too, the thread that advances the epoch has read every
//!   participant.

use core::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stampool::raw::free_list::{Guard, Reclaimer};
use stampool::raw::sync::{AtomicUsize, Ordering};

/// The rule that says when a deferral runs. Some rules keep the promise, others break it.
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
    /// Whether a deferral may run before the drain.
    const RUNS: bool = true;
}

/// A deferral runs as soon as the promise allows.
#[derive(Debug)]
pub struct Prompt;

impl Rule for Prompt {
    const NAME: &'static str = "EpochModel";
}

/// A thread sleeps while pinned all the time, so nothing runs before the drain.
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
    ended: AtomicUsize,
    ghost: Mutex<Ghost>,
    _rule: PhantomData<R>,
}

#[derive(Default)]
struct Ghost {
    /// The numbers of the pins that exist.
    pins: Vec<usize>,
    next: usize,
    limbo: Vec<Waiting>,
}

/// A deferral that waits, and the pins for which it waits.
struct Waiting {
    land: Box<dyn FnOnce() + Send>,
    pins: Vec<usize>,
}

impl core::fmt::Debug for Ghost {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} pinned, {} wait", self.pins.len(), self.limbo.len())
    }
}

impl<R: Rule> EpochModel<R> {
    fn ghost(&self, order: Ordering) -> MutexGuard<'_, Ghost> {
        self.order.fetch_add(1, order);
        self.ghost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, reusable: Vec<Waiting>) {
        if reusable.is_empty() {
            return;
        }
        // By RMWs, because a load may miss the last store.
        self.order.fetch_add(0, Ordering::Acquire);
        self.ended.fetch_add(0, Ordering::Acquire);
        reusable.into_iter().for_each(|waiting| (waiting.land)());
    }
}

/// A pin.
#[derive(Debug)]
pub struct ModelPin<'g, R: Rule> {
    model: &'g EpochModel<R>,
    number: usize,
}

impl<R: Rule> Guard for ModelPin<'_, R> {}

impl<R: Rule> Drop for ModelPin<'_, R> {
    fn drop(&mut self) {
        if !R::PINS {
            return;
        }
        self.model.ended.fetch_add(1, Ordering::Release);
        let mut ghost = self.model.ghost(Ordering::Relaxed);
        ghost.pins.retain(|pin| *pin != self.number);
        if !R::RUNS {
            return;
        }
        let Ghost { pins, limbo, .. } = &mut *ghost;
        let (waits, reusable) =
            limbo.drain(..).partition(|waiting| waiting.pins.iter().any(|pin| pins.contains(pin)));
        *limbo = waits;
        drop(ghost);
        self.model.run(reusable);
    }
}

// SAFETY: the rule `Prompt` is the contract, word by word, and `Stalled` runs nothing before the
// drain. The other rules break it: that is their fault.
unsafe impl<R: Rule> Reclaimer for EpochModel<R> {
    const NAME: &'static str = R::NAME;
    type Participant = ();
    type Guard<'g> = ModelPin<'g, R>;
    type Place<T: Send + Sync> = Box<T>;

    fn new() -> Self {
        let (order, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { order, ended, ghost: Mutex::default(), _rule: PhantomData }
    }

    fn join(&self) {}

    fn pin<'g>(&'g self, _participant: &'g ()) -> ModelPin<'g, R> {
        if !R::PINS {
            return ModelPin { model: self, number: 0 };
        }
        let mut ghost = self.ghost(Ordering::Acquire);
        ghost.next += 1;
        let number = ghost.next;
        ghost.pins.push(number);
        ModelPin { model: self, number }
    }

    unsafe fn defer(
        &self,
        guard: &Self::Guard<'_>,
        _magazine: usize,
        on_safe: impl FnOnce() + Send,
    ) {
        let land: Box<dyn FnOnce() + Send + '_> = Box::new(on_safe);
        // SAFETY: by the caller it may run until `drain` has returned.
        let land: Box<dyn FnOnce() + Send> = unsafe { core::mem::transmute(land) };
        let mut ghost = self.ghost(Ordering::Release);
        let mut pins = ghost.pins.clone();
        pins.retain(|pin| R::waits_for(*pin, guard.number));
        let waiting = Waiting { land, pins };
        if R::RUNS && waiting.pins.is_empty() {
            drop(ghost);
            self.run(vec![waiting]);
        } else {
            ghost.limbo.push(waiting);
        }
    }

    fn collect(&self, _guard: &Self::Guard<'_>) {
        // Every deferral that may run has run, at the end of the last pin for which it waited.
    }

    unsafe fn drain(&self, is_done: impl Fn() -> bool) {
        let mut ghost = self.ghost.lock().unwrap_or_else(PoisonError::into_inner);
        let all = core::mem::take(&mut ghost.limbo);
        drop(ghost);
        self.run(all);
        assert!(is_done(), "something waits that was never deferred");
    }
}
