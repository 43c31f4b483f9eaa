//! Relays: threads that move one at a time, by a list of preemptions.
//!
//! Of a relay's members, only the one that holds the token moves. It keeps the token until a
//! [`Preemption`] says otherwise, or until it waits or ends. So what the members do follows from
//! their program and the list of preemptions alone, and the same list gives the same run every
//! time.
//!
//! # Progress
//!
//! A member that waits, for a lock or by yielding, hands the token to the next in turn. A relay
//! gives up when one of its members makes more steps than the limit: all members then go on freely.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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
}

/// Whether a relay leads the calling thread.
#[inline]
pub fn is_led() -> bool {
    LED.get()
}

/// Notes where the calling thread is, if a relay leads it and no member has done so before.
pub fn mark() {
    LEG.with_borrow(|leg| {
        if let Some(Leg { relay, me, step, .. }) = leg {
            let mark = Mark { thread: *me, step: *step };
            relay.state().mark.get_or_insert(mark);
        }
    });
}

/// The calling thread makes a step of its relay, and gives the token away if it `gives_way`.
#[cold]
pub(crate) fn step(gives_way: bool) {
    let goes_on = LEG.with_borrow_mut(|leg| leg.as_mut().is_some_and(|leg| leg.advance(gives_way)));
    LED.set(goes_on);
}
