//! Progress: one thread is stopped for ever before one of its steps, and the others must still
//! come to their end.
//!
//! A thread that is stopped is a thread whose program ends early. Its last event is a `Stop`. At a
//! step of a thread that may be stopped the exploration leaves the choice behind that the thread
//! stops there; the event of that choice counts as not maximal for revisits, as each choice that is
//! none of the graph's. So one exploration makes each graph of the whole program once, and each
//! graph of each program in which one thread ends before one of its steps.
//!
//! Not each step needs a choice. What the others can do depends on the events of the stopped thread
//! that they can notice: its writes, entries in queues, unlocks and spawns. Reads and fences behind
//! the last of these can be taken from a consistent graph, and it stays consistent; nobody reads
//! from them. So what the others can do while the thread is stopped behind these reads, they can
//! also do while it is stopped before them, and the thread is stopped directly behind each event
//! that can be noticed, and before its first one. A thread that is alone is not stopped.
//!
//! A thread that has an entry in the queue of a lock and is stopped holds the lock: the order of
//! the queue is the order in which threads get the lock, and the threads before it gave it back.
//!
//! A thread that joins the stopped thread is excused, and so is a thread that joins an excused one.
//!
//! When all has been seen of an execution with a stopped thread, that thread goes on nevertheless, so
//! that the program frees its memory. What it then does is in no graph, and it is looked at no more.

use core::sync::atomic::Ordering::Relaxed;

use super::choice::Choice;
use super::{Awaits, Place, Runtime, Standstill, Stops, Wait, Waiter};
use crate::graph::{Event, Graph, Id, Kind, MAX_THREADS};

/// What is put back when a released thread has come as far as it gets.
pub(super) struct Released {
    graph: Graph,
    choices: usize,
}

impl Runtime {
    /// Whether the execution stops the current thread before its next step, at `place`. If it may,
    /// that is left behind as a choice.
    pub(super) fn stops_before(&mut self, place: Place) -> bool {
        let next = self.next_id();
        if let Some(guide) = &self.options.guide {
            if guide.stop() != Some(next) {
                return false;
            }
            let id = self.add(Event::new(Kind::Stop, Relaxed, place));
            self.reach(id);
            return true;
        }
        if self.may_stop_before(next) {
            let stamp = self.graph.next_stamp;
            self.choices.push(Choice::Stop { stamp, id: next, place });
        }
        false
    }

    fn may_stop_before(&self, next: Id) -> bool {
        if self.options.stops == Stops::Nobody || !self.options.stops.names(self.current) {
            return false;
        }
        let is_new = next.index == 0 || self.graph.event(next.previous()).is_noticed();
        is_new && self.graph.stop().is_none() && !self.is_alone()
    }

    /// Whether the current thread knows that there is no other one: it has not spawned any, or has
    /// joined them all.
    fn is_alone(&self) -> bool {
        let porf = &self.thread().porf;
        (0..MAX_THREADS).filter(|&at| at != self.current && self.threads[at].used).all(|at| {
            let thread = &self.threads[at];
            thread.done && porf.has(Id::new(at, thread.reached - 1))
        })
    }

    /// Makes the graph the current one in which the thread stops before its event `id`.
    pub(super) fn stop_before(&mut self, stamp: u32, id: Id, place: Place) {
        self.graph.truncate(stamp);
        let (mut hb, mut porf) = self.graph.before(id);
        hb.add(id);
        porf.add(id);
        let stop = Event { hb, porf, ..Event::new(Kind::Stop, Relaxed, place) };
        self.graph.append(usize::from(id.thread), stop);
    }

    /// Lets the stopped thread go on.
    pub(super) fn release(&mut self) -> Released {
        let released = Released { graph: self.graph.clone(), choices: self.choices.len() };
        let stop = self.graph.stop().expect("a thread is stopped");
        let thread = usize::from(stop.thread);
        self.graph.threads[thread].pop();
        self.threads[thread].reached -= 1;
        self.threads[thread].wait = Wait::Turn;
        released
    }

    /// Puts the graph back in which the thread is stopped.
    pub(super) fn end_release(&mut self, released: Released) {
        self.graph = released.graph;
        self.choices.truncate(released.choices);
        (self.failure, self.stopped, self.abandoned) = (None, None, false);
    }

    /// The threads that have not come to their end, though they had to.
    pub(super) fn waiting(&self) -> Vec<usize> {
        let has_ended = |at: usize| !self.threads[at].used || self.threads[at].done;
        (0..MAX_THREADS).filter(|&at| !has_ended(at) && !self.is_excused(at)).collect()
    }

    /// Whether the thread is stopped, or waits only for the end of threads that are.
    fn is_excused(&self, thread: usize) -> bool {
        let mut at = thread;
        for _ in 0..MAX_THREADS {
            match self.threads[at].wait {
                Wait::Stopped => return true,
                Wait::End(child) => at = child,
                _ => return false,
            }
        }
        false
    }

    /// The thread that is stopped in this execution, and the threads that wait for ever.
    pub(super) fn standstill(&self, waiting: &[usize]) -> Option<Standstill> {
        let stop = self.graph.stop()?;
        let thread = usize::from(stop.thread);
        Some(Standstill {
            thread,
            operation: self.threads[thread].operation,
            at: self.graph.event(stop).place,
            waiters: waiting.iter().filter_map(|&thread| self.waiter(thread)).collect(),
        })
    }

    /// For what the thread waits, unless it only waits for the end of another one that waits.
    fn waiter(&self, thread: usize) -> Option<Waiter> {
        let made = |id: Id| {
            let location = self.graph.location(self.graph.event(id).location);
            self.graph.event(location.co[0]).place
        };
        let last = || self.graph.event(Id::new(thread, self.threads[thread].reached - 1)).place;
        let (at, awaits) = match self.threads[thread].wait {
            Wait::Queue(entry) => {
                let at = self.graph.event(entry).place;
                match self.holder(entry) {
                    Some(holder) => {
                        let holder = usize::from(holder.thread);
                        (at, Awaits::Lock { made: made(entry), holder })
                    }
                    None => (at, Awaits::Notification { made: made(entry) }),
                }
            }
            Wait::End(_) => return None,
            _ => {
                let (at, looped) = self.spin(thread);
                (at.unwrap_or_else(last), Awaits::Value { made: looped.map(made).collect() })
            }
        };
        Some(Waiter { thread, operation: self.threads[thread].operation, at, awaits })
    }
}
