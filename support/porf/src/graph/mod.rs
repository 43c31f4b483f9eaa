//! Execution graphs of RC11: events in program order, who reads from whom (rf), and the order of
//! the writes of each location (co).
//!
//! The model is RC11 (`[LVKHD17]`: Lahav, Vafeiadis, Kang, Hur, Dreyer, "Repairing Sequential
//! Consistency in C/C++11", PLDI 2017) with the release sequences of C++20, which consist of RMWs
//! only. A graph is consistent if
//!
//! - hb;eco? is irreflexive (coherence): [`coherence`] offers only such choices;
//! - no write lies between the two parts of an RMW (atomicity): likewise;
//! - psc is acyclic (sequentially consistent accesses and fences): [`sc`] decides it;
//! - program order and reads-from have no cycle: an event is added after what it reads from.
//!
//! The graph grows at its end, an event at a time, each with a stamp; [`Graph::truncate`] takes the
//! newest events away again. [`revisit`] makes the graphs in which an earlier read reads from a
//! later write.
//!
//! # Invariants
//!
//! - G1. Stamps grow along each thread's program order, and no two events have the same.
//! - G2. The clocks of an event cover its whole prefix, itself included. They stay valid as long as
//!   the prefix stays in the graph, so a run that repeats the event does not compute them anew.
//! - G3. `co` of a location begins with its creation. The write part of an RMW stands directly
//!   behind the write that its read part reads.

pub(crate) mod clock;
mod coherence;
mod event;
mod id;
mod revisit;
mod sc;
mod view;

pub use clock::MAX_THREADS;
pub(crate) use clock::{Clock, LANES, STATICS};
pub(crate) use event::{Event, Kind, Updates, Use, acquires, releases};
pub(crate) use id::Id;
pub use view::{EventKind, EventView, GraphView};

/// The accesses of one location.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) purpose: Use,
    /// The writes, in coherence order. Empty: this entry of the list is unused.
    pub(crate) co: Vec<Id>,
    /// The reads, in the order in which they were added.
    pub(crate) reads: Vec<Id>,
}

/// An execution graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) threads: [Vec<Event>; LANES],
    pub(crate) locations: Vec<Location>,
    pub(crate) next_stamp: u32,
}

impl Graph {
    #[inline]
    pub(crate) fn event(&self, id: Id) -> &Event {
        &self.threads[usize::from(id.thread)][usize::from(id.index)]
    }

    #[inline]
    pub(crate) fn event_mut(&mut self, id: Id) -> &mut Event {
        &mut self.threads[usize::from(id.thread)][usize::from(id.index)]
    }

    #[inline]
    pub(crate) fn location(&self, of: u32) -> &Location {
        &self.locations[of as usize]
    }

    /// How many events the program's threads have.
    pub(crate) fn len(&self) -> usize {
        self.threads[..MAX_THREADS].iter().map(Vec::len).sum()
    }

    /// Every event.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        let lanes = self.threads.iter().enumerate();
        lanes.flat_map(|(thread, events)| (0..events.len()).map(move |at| Id::new(thread, at)))
    }

    /// The event that `thread` would add next.
    pub(crate) fn next_id(&self, thread: usize) -> Id {
        Id::new(thread, self.threads[thread].len())
    }

    /// Adds an event at the end of `thread`, with the newest stamp. A write has no position in the
    /// coherence order yet: [`Graph::insert`].
    pub(crate) fn append(&mut self, thread: usize, mut event: Event) -> Id {
        let id = self.next_id(thread);
        event.stamp = self.next_stamp;
        self.next_stamp += 1;
        if event.is_read() {
            self.locations[event.location as usize].reads.push(id);
        }
        self.threads[thread].push(event);
        id
    }

    /// Makes a location, whose creation is to be `init`.
    pub(crate) fn new_location(&mut self, init: Id, purpose: Use) -> u32 {
        let at = match self.locations.iter().position(|location| location.co.is_empty()) {
            Some(unused) => unused,
            None => {
                self.locations.push(Location { purpose, co: Vec::new(), reads: Vec::new() });
                self.locations.len() - 1
            }
        };
        let location = &mut self.locations[at];
        location.purpose = purpose;
        location.co.push(init);
        u32::try_from(at).expect("locations are limited")
    }

    /// Gives a write its position in the coherence order.
    pub(crate) fn insert(&mut self, write: Id, at: usize) {
        let location = self.event(write).location;
        self.locations[location as usize].co.insert(at, write);
    }

    /// Takes a write out of the coherence order.
    pub(crate) fn take_out(&mut self, write: Id) {
        let location = self.event(write).location as usize;
        let at = self.position(write);
        self.locations[location].co.remove(at);
    }

    /// Removes all events whose stamp is `stamp` or later.
    pub(crate) fn truncate(&mut self, stamp: u32) {
        for thread in 0..MAX_THREADS {
            while self.threads[thread].last().is_some_and(|last| last.stamp >= stamp) {
                let id = Id::new(thread, self.threads[thread].len() - 1);
                let event = self.threads[thread].pop().expect("there is a last one");
                self.forget(id, &event);
            }
        }
        self.next_stamp = stamp;
    }

    /// Removes what the location and the lock know about a removed event.
    fn forget(&mut self, id: Id, event: &Event) {
        match event.kind {
            Kind::Init => {
                let location = &mut self.locations[event.location as usize];
                location.co.clear();
                location.reads.clear();
            }
            Kind::Write | Kind::Read => {
                let location = &mut self.locations[event.location as usize];
                let list =
                    if event.kind == Kind::Write { &mut location.co } else { &mut location.reads };
                if let Some(at) = list.iter().rposition(|&other| other == id) {
                    list.remove(at);
                }
            }
            Kind::Unlock => {
                let entry = event.source;
                if self.has(entry) {
                    self.event_mut(entry).unlock = Id::NONE;
                }
            }
            _ => {}
        }
    }

    /// The event that stops a thread for ever, if the graph has one. It has one at most.
    pub(crate) fn stop(&self) -> Option<Id> {
        (0..MAX_THREADS).find_map(|thread| {
            let last = self.threads[thread].last()?;
            let id = Id::new(thread, self.threads[thread].len() - 1);
            (last.kind == Kind::Stop).then_some(id)
        })
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        id != Id::NONE && usize::from(id.index) < self.threads[usize::from(id.thread)].len()
    }

    /// What happens before the event that follows `id`'s predecessor, and its prefix.
    pub(crate) fn before(&self, id: Id) -> (Clock, Clock) {
        if id.index == 0 {
            return (Clock::START, Clock::START);
        }
        let previous = self.event(id.previous());
        (previous.hb, previous.porf)
    }

    /// The clocks of a read that reads what its event says, by the event's ordering.
    pub(crate) fn read_clocks(&self, id: Id, read: &Event) -> (Clock, Clock) {
        let (mut hb, mut porf) = self.before(id);
        let source = self.event(read.source);
        porf.join(&source.porf);
        if acquires(read.order) {
            hb.join(&source.released);
        }
        hb.add(id);
        porf.add(id);
        (hb, porf)
    }

    /// Computes the clocks of the read `id` anew, because its source changed.
    pub(crate) fn refresh_read(&mut self, id: Id) {
        let (hb, porf) = self.read_clocks(id, self.event(id));
        let read = self.event_mut(id);
        (read.hb, read.porf) = (hb, porf);
    }
}
