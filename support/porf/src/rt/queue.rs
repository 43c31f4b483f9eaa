//! Locks and condition variables: queues.
//!
//! Each lock has a queue, a location of the graph. To take the lock, a thread adds an entry: an RMW
//! on the queue, relaxed, that is never refused. The coherence order of the queue is the order in
//! which the threads get the lock. Then the thread waits until those before it have given the lock
//! back, and acquires from the last of them. That event has one possibility only, so it needs no
//! exploration: `n` threads that lock once have `n!` graphs, and no graph is made in vain. It is
//! the ticket lock, as a program for the algorithm; a thread that waits has the next ticket.
//!
//! A condition variable is a queue of waiters and notifications. The waiter that has waited longest
//! is notified first, and there are no spurious wake-ups.
//!
//! A refused `try_lock` is a read of the entry that holds the lock. It is possible unless the
//! thread knows that the lock was given back.
//!
//! Deviation: a reader behind a waiting writer waits for it, as in a fair lock.

use core::sync::atomic::Ordering::{self, Acquire, Relaxed};

use super::memory::{Access, create, update, update_refusable};
use super::step::step;
use super::{Place, Runtime, Wait, is_unwinding, suspend, with};
use crate::graph::{Clock, Event, Id, Kind, Updates, Use};

/// What an entry of a queue is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// Takes the lock alone.
    Exclusive = 1,
    /// Takes the lock beside others that share it.
    Shared = 2,
    /// Waits for a notification.
    Waiter = 3,
    /// Notifies the waiter that has waited longest.
    NotifyOne = 4,
    /// Notifies all waiters.
    NotifyAll = 5,
}

/// What a thread gets with the lock: happens-before, prefix, and the event that let it in.
pub(crate) struct Admission {
    hb: Clock,
    porf: Clock,
    source: Id,
}

/// Creates a queue.
pub(crate) fn new(place: Place) -> Id {
    create(0, Use::Queue, place)
}

fn access(queue: Id, weak: bool, place: Place) -> Access {
    let (updates, order) = (Updates::Always, Relaxed);
    Access { location: queue, updates, order, order_failed: order, weak, place }
}

/// Adds an entry.
pub(crate) fn enter(queue: Id, entry: Entry, place: Place) -> Id {
    if is_unwinding() {
        return Id::NONE;
    }
    let entered = update(&access(queue, false, place), |_| Some(entry as u128));
    debug_assert!(entered.is_ok(), "nothing refuses it");
    with(|rt| rt.next_id().previous())
}

/// Takes the lock.
pub(crate) fn lock(queue: Id, entry: Entry, place: Place) -> Id {
    let id = enter(queue, entry, place);
    await_admission(id, false, place);
    id
}

/// Takes the lock, if it is free.
pub(crate) fn try_lock(queue: Id, entry: Entry, place: Place) -> Option<Id> {
    if is_unwinding() {
        return Some(Id::NONE);
    }
    let held = |rt: &Runtime, last: Id| rt.may_be_held(last, entry as u128, &rt.thread().hb);
    update_refusable(&access(queue, true, place), |_| Some(entry as u128), held).ok()?;
    let id = with(|rt| rt.next_id().previous());
    await_admission(id, true, place);
    Some(id)
}

/// Waits until the queue lets the entry in.
pub(crate) fn await_admission(entry: Id, tries: bool, place: Place) {
    if is_unwinding() {
        return;
    }
    while with(|rt| rt.admission(entry).is_none()) {
        suspend(if tries { Wait::Try(entry) } else { Wait::Queue(entry) });
    }
    step(Kind::Acquired, place, |rt| {
        let Admission { hb, porf, source } =
            rt.admission(entry).expect("nothing takes an admission back");
        rt.add(Event { hb, porf, source, ..Event::new(Kind::Acquired, Acquire, place) })
    });
}

/// Gives the lock back.
pub(crate) fn unlock(entry: Id, place: Place) {
    if is_unwinding() {
        return;
    }
    step(Kind::Unlock, place, |rt| {
        let event = Event::new(Kind::Unlock, Ordering::Release, place);
        let id = rt.add(Event { source: entry, ..event });
        rt.graph.event_mut(entry).unlock = id;
        id
    });
}

impl Runtime {
    fn entries_from(&self, last: Id) -> impl Iterator<Item = (Id, u128)> + '_ {
        let location = self.graph.event(last).location;
        let co = &self.graph.location(location).co[..=self.graph.position(last)];
        co.iter().rev().map(|&id| (id, self.graph.event(id).value))
    }

    /// Whether `last` and what stands before it keep `entry` out, as far as a thread knows that
    /// has acquired `hb`.
    pub(super) fn may_be_held(&self, last: Id, entry: u128, hb: &Clock) -> bool {
        let shares = entry == Entry::Shared as u128;
        let mut holders = self.holders(last, if shares { Entry::Shared } else { Entry::Exclusive });
        holders.any(|id| {
            let unlock = self.graph.event(id).unlock;
            unlock == Id::NONE || !hb.has(unlock)
        })
    }

    /// The entries, from `last` backwards, that must be gone before `entry` is let in.
    fn holders(&self, last: Id, entry: Entry) -> impl Iterator<Item = Id> + '_ {
        let mut is_over = false;
        self.entries_from(last)
            .take_while(move |&(_, value)| {
                let over = is_over || value == 0;
                is_over = value == Entry::Exclusive as u128;
                !over
            })
            .filter(move |&(_, value)| {
                entry == Entry::Exclusive || value == Entry::Exclusive as u128
            })
            .map(|(id, _)| id)
    }

    /// What the entry gets, if it is let in.
    pub(crate) fn admission(&self, entry: Id) -> Option<Admission> {
        if !self.is_live(entry) {
            return None;
        }
        let mut admission = Admission { hb: Clock::START, porf: Clock::START, source: Id::NONE };
        let kind = self.graph.event(entry).value;
        if kind == Entry::Waiter as u128 {
            let notifier = self.notifier(entry)?;
            admission.porf = self.graph.event(notifier).porf;
            admission.source = notifier;
            return self.is_live(notifier).then_some(admission);
        }
        let kind = if kind == Entry::Shared as u128 { Entry::Shared } else { Entry::Exclusive };
        let before = self.graph.event(entry.previous()).source;
        for holder in self.holders(before, kind) {
            let unlock = self.graph.event(holder).unlock;
            if unlock == Id::NONE || !self.is_live(unlock) {
                return None;
            }
            let event = self.graph.event(unlock);
            admission.hb.join(&event.hb);
            admission.porf.join(&event.porf);
            if admission.source == Id::NONE {
                admission.source = unlock;
            }
        }
        Some(admission)
    }

    /// Who keeps the entry of a lock out: the last entry before it whose lock was not given back.
    pub(super) fn holder(&self, entry: Id) -> Option<Id> {
        let kind = match self.graph.event(entry).value {
            value if value == Entry::Waiter as u128 => return None,
            value if value == Entry::Shared as u128 => Entry::Shared,
            _ => Entry::Exclusive,
        };
        let before = self.graph.event(entry.previous()).source;
        self.holders(before, kind).find(|&holder| self.graph.event(holder).unlock == Id::NONE)
    }

    /// The notification that wakes the waiter, if there is one.
    fn notifier(&self, waiter: Id) -> Option<Id> {
        let location = self.graph.event(waiter).location;
        let mut waiting = std::collections::VecDeque::new();
        for &id in &self.graph.location(location).co {
            let value = self.graph.event(id).value;
            let woken = if value == Entry::Waiter as u128 {
                waiting.push_back(id);
                false
            } else if value == Entry::NotifyOne as u128 {
                waiting.pop_front() == Some(waiter)
            } else {
                let woken = waiting.contains(&waiter);
                waiting.clear();
                woken
            };
            if woken {
                return Some(id);
            }
        }
        None
    }
}
