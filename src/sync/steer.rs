//! Steering: where each access of the steered backend passes before it is done.
//!
//! A thread passes in one of three ways:
//!
//! - free, as long as nobody asks for more;
//! - jittered, while the process is ([`jitter`]): now and then it spins, gives its core away or
//!   sleeps, by a seed. Windows of a few instructions get as wide as a time slice;
//! - led by a [`Relay`]: of its members one moves at a time, the one that has the token. It keeps
//!   it until a [`Preemption`] says otherwise, or it waits, or ends. So what the members do is a
//!   function of their program and of the list of preemptions, and nothing else.
//!
//! What is no access of the facade is no step: whatever lies between two points is done as one.
//!
//! # Progress
//!
//! A member that waits, for a lock or by yielding, hands the token to the next in turn. A relay
//! whose members make more steps than allowed gives up: all of them go on freely.

use core::cell::{Cell, RefCell};
use core::hint::spin_loop;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

/// Before its `step`th access, counted from 1, `thread` gives the token to `to`; if that one has
/// ended, to the next after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// Who gives it.
    pub thread: usize,
    /// When.
    pub step: u64,
    /// To whom.
    pub to: usize,
}

/// Where a member was when it said that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The member.
    pub thread: usize,
    /// Its last access, counted from 1.
    pub step: u64,
}

/// Some threads of which one moves at a time. Thread 0 begins.
#[derive(Debug)]
pub struct Relay {
    state: Mutex<State>,
    turns: Vec<Condvar>,
    preemptions: Vec<Preemption>,
    /// The most steps of one member.
    limit: u64,
}

#[derive(Debug)]
struct State {
    holder: usize,
    running: Vec<bool>,
    steps: Vec<u64>,
    mark: Option<Mark>,
    gave_up: bool,
}

impl Relay {
    /// For so many threads, which join as 0, 1 and so on; after `limit` steps of one of them it
    /// gives up. Each thread's preemptions are in the order of their steps.
    pub fn new(threads: usize, preemptions: Vec<Preemption>, limit: u64) -> Arc<Self> {
        let state = State {
            holder: 0,
            running: vec![true; threads],
            steps: vec![0; threads],
            mark: None,
            gave_up: false,
        };
        let turns = (0..threads).map(|_| Condvar::new()).collect();
        Arc::new(Self { state: Mutex::new(state), turns, preemptions, limit })
    }

    /// Makes the calling thread the member `me`, and waits for the token. It leaves when the result
    /// is dropped.
    pub fn join(self: &Arc<Self>, me: usize) -> Member {
        let mine = self.preemptions.iter().filter(|preemption| preemption.thread == me);
        let preemptions = mine.copied().collect();
        let leg = Leg { relay: Arc::clone(self), me, step: 0, preemptions };
        let holds = leg.relay.wait(leg.relay.state(), me);
        LEG.set(holds.then_some(leg));
        LED.set(holds);
        Member { relay: Arc::clone(self), me }
    }

    /// The accesses that each member made, once all have left.
    pub fn steps(&self) -> Vec<u64> {
        self.state().steps.clone()
    }

    /// The first mark.
    pub fn mark(&self) -> Option<Mark> {
        self.state().mark
    }

    /// Whether a member made too many steps.
    pub fn gave_up(&self) -> bool {
        self.state().gave_up
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `me` has the token; false if nobody is led any more.
    fn wait(&self, state: MutexGuard<'_, State>, me: usize) -> bool {
        let waits = |state: &mut State| state.holder != me && !state.gave_up;
        let state = self.turns[me].wait_while(state, waits);
        !state.unwrap_or_else(PoisonError::into_inner).gave_up
    }

    /// Gives the token to `to`, or to the next after it that has not ended.
    fn pass(&self, state: &mut State, to: usize) {
        let count = state.running.len();
        let next = (0..count).map(|after| (to + after) % count).find(|next| state.running[*next]);
        if let Some(next) = next {
            state.holder = next;
            self.turns[next].notify_one();
        }
    }

    fn give_up(&self) {
        self.state().gave_up = true;
        self.turns.iter().for_each(Condvar::notify_one);
    }
}

/// A thread's membership.
#[derive(Debug)]
#[must_use = "a thread leaves when this is dropped"]
pub struct Member {
    relay: Arc<Relay>,
    me: usize,
}

impl Drop for Member {
    fn drop(&mut self) {
        let steps = LEG.take().map(|leg| leg.step);
        LED.set(false);
        let mut state = self.relay.state();
        state.running[self.me] = false;
        state.steps[self.me] = steps.unwrap_or(0);
        if state.holder == self.me {
            self.relay.pass(&mut state, self.me + 1);
        }
    }
}

/// What a member knows of itself.
struct Leg {
    relay: Arc<Relay>,
    me: usize,
    step: u64,
    preemptions: VecDeque<Preemption>,
}

impl Leg {
    /// Makes a step. Returns whether it is still led.
    fn advance(&mut self, gives_way: bool) -> bool {
        self.step += 1;
        if self.step > self.relay.limit {
            self.relay.give_up();
            return false;
        }
        match self.preemptions.front() {
            Some(&Preemption { step, to, .. }) if step <= self.step => {
                self.preemptions.pop_front();
                self.hand_over(to)
            }
            _ if gives_way => self.hand_over(self.me + 1),
            _ => true,
        }
    }

    fn hand_over(&self, to: usize) -> bool {
        let mut state = self.relay.state();
        self.relay.pass(&mut state, to);
        self.relay.wait(state, self.me)
    }
}

thread_local! {
    static LEG: RefCell<Option<Leg>> = const { RefCell::new(None) };
    /// Whether there is a leg. Cheaper to look at.
    static LED: Cell<bool> = const { Cell::new(false) };
    static SHAKE: RefCell<Option<(u64, Xoshiro256PlusPlus)>> = const { RefCell::new(None) };
}

/// The seed of the process's jitter; 0 for none.
static JITTER: AtomicU64 = AtomicU64::new(0);
/// Threads that were jittered.
static JITTERED: AtomicU64 = AtomicU64::new(0);

/// Jitters all threads of the process, by a seed and in the order in which they come; or none.
/// Which of them comes first is the machine's business.
pub fn jitter(seed: Option<u64>) {
    JITTERED.store(0, Ordering::Relaxed);
    JITTER.store(seed.map_or(0, |seed| seed | 1 << 63), Ordering::Relaxed);
}

/// Whether a relay leads the calling thread.
pub fn is_led() -> bool {
    LED.get()
}

/// Stands before every access.
#[inline]
pub fn point() {
    if is_led() {
        step(false);
        return;
    }
    let seed = JITTER.load(Ordering::Relaxed);
    if seed != 0 {
        shake(seed);
    }
}

/// Lets others go first.
pub fn give_way() {
    if is_led() {
        step(true);
    } else {
        thread::yield_now();
    }
}

/// Notes where the calling thread is, if it is led and the first to do so.
pub fn mark() {
    LEG.with_borrow(|leg| {
        if let Some(Leg { relay, me, step, .. }) = leg {
            let mark = Mark { thread: *me, step: *step };
            relay.state().mark.get_or_insert(mark);
        }
    });
}

#[cold]
fn step(gives_way: bool) {
    let goes_on = LEG.with_borrow_mut(|leg| leg.as_mut().is_some_and(|leg| leg.advance(gives_way)));
    LED.set(goes_on);
}

/// Holds a jittered thread up, or mostly not.
#[cold]
fn shake(seed: u64) {
    // Not while the thread's own storage is being destroyed.
    _ = SHAKE.try_with(|shake| {
        let mut shake = shake.borrow_mut();
        if shake.as_ref().is_none_or(|(of, _)| *of != seed) {
            let nth = JITTERED.fetch_add(1, Ordering::Relaxed);
            *shake = Some((seed, Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(nth))));
        }
        let Some((_, random)) = &mut *shake else { return };
        match random.next_u32() % 4096 {
            0 => thread::sleep(Duration::from_micros(u64::from(random.next_u32() % 100))),
            1..=40 => thread::yield_now(),
            41..=200 => (0..random.next_u32() % 256).for_each(|_| spin_loop()),
            _ => {}
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::AtomicUsize;
    use crate::sync::Ordering::Relaxed;

    /// Two threads that increment by a load and a store: what comes out, and the steps made.
    fn increments(preemptions: Vec<Preemption>) -> (usize, Vec<u64>) {
        let count = AtomicUsize::new(0);
        let relay = Relay::new(2, preemptions, 100);
        thread::scope(|scope| {
            for me in 0..2 {
                let (relay, count) = (&relay, &count);
                scope.spawn(move || {
                    let _member = relay.join(me);
                    let seen = count.load(Relaxed);
                    count.store(seen + 1, Relaxed);
                });
            }
        });
        assert!(!relay.gave_up());
        (count.load(Relaxed), relay.steps())
    }

    #[test]
    fn a_preemption_loses_an_increment_every_time() {
        let between = Preemption { thread: 0, step: 2, to: 1 };
        for _ in 0..100 {
            assert_eq!(increments(vec![]), (2, vec![2, 2]));
            assert_eq!(increments(vec![between]), (1, vec![2, 2]));
        }
    }

    #[test]
    fn who_waits_for_a_lock_lets_its_holder_go_on() {
        let lock = crate::sync::Mutex::new(0);
        // Thread 0 is interrupted while it holds the lock.
        let inside = Preemption { thread: 0, step: 2, to: 1 };
        let relay = Relay::new(2, vec![inside], 100);
        thread::scope(|scope| {
            for me in 0..2 {
                let (relay, lock) = (&relay, &lock);
                scope.spawn(move || {
                    let _member = relay.join(me);
                    let mut guard = crate::sync::lock(lock);
                    point();
                    *guard = *guard * 10 + me + 1;
                });
            }
        });
        assert!(!relay.gave_up());
        assert_eq!(*crate::sync::lock(&lock), 12);
    }

    #[test]
    fn members_that_wait_for_nobody_are_let_go() {
        let relay = Relay::new(1, vec![], 1_000);
        let member = relay.join(0);
        while is_led() {
            give_way();
        }
        mark();
        drop(member);
        assert!(relay.gave_up());
    }

    #[test]
    fn a_mark_says_who_and_when() {
        let relay = Relay::new(1, vec![], 10);
        let member = relay.join(0);
        point();
        point();
        mark();
        point();
        mark();
        drop(member);
        assert_eq!(relay.mark(), Some(Mark { thread: 0, step: 2 }));
        assert_eq!(relay.steps(), [3]);
    }
}
