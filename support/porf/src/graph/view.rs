//! An execution graph as a caller sees it.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use super::{Graph, Id, Kind, MAX_THREADS, Use};

/// What an event of a [`GraphView`] is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum EventKind {
    /// The creation of an atomic variable, its first write.
    Init,
    /// An atomic load, or the read part of an RMW.
    Read,
    /// An atomic store, or the write part of an RMW.
    Write,
    /// A fence.
    Fence,
    /// Anything else: spawns, joins, and what belongs to a lock.
    Other,
}

/// An event.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct EventView {
    /// What it does.
    pub kind: EventKind,
    /// The number of the variable that it accesses; `None` for a fence and for others.
    pub location: Option<usize>,
    /// Whether it is one of the two parts of an RMW.
    pub rmw: bool,
    /// The write that a read reads: its thread, and its place in the thread.
    pub source: Option<(usize, usize)>,
}

/// An execution graph: the events of each thread, who reads what, and the coherence order.
///
/// Threads are numbered as they were spawned, and the thread that runs the model is number 0.
/// Variables are numbered in the order of their creation, those of thread 0 first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct GraphView {
    /// The events of each thread, in program order.
    pub threads: Vec<Vec<EventView>>,
    /// The writes of each variable, in coherence order: thread, and place in the thread.
    pub coherence: Vec<Vec<(usize, usize)>>,
}

impl Graph {
    /// The graph as a caller sees it.
    pub(crate) fn view(&self) -> GraphView {
        let pair = |id: Id| (usize::from(id.thread), usize::from(id.index));
        let is_atomic = |location: u32| self.location(location).purpose == Use::Atomic;
        let inits: Vec<(u32, Id)> = self
            .ids()
            .filter(|&id| self.event(id).kind == Kind::Init)
            .map(|id| (self.event(id).location, id))
            .filter(|&(location, _)| is_atomic(location))
            .collect();
        let number = |location: u32| inits.iter().position(|&(other, _)| other == location);
        let event = |id: Id| {
            let event = self.event(id);
            let accesses = event.is_read() || event.is_write();
            let kind = match event.kind {
                _ if accesses && !is_atomic(event.location) => EventKind::Other,
                Kind::Init => EventKind::Init,
                Kind::Read => EventKind::Read,
                Kind::Write => EventKind::Write,
                Kind::Fence => EventKind::Fence,
                _ => EventKind::Other,
            };
            EventView {
                kind,
                location: if accesses { number(event.location) } else { None },
                rmw: event.exclusive,
                source: (event.source != Id::NONE).then(|| pair(event.source)),
            }
        };
        let used = self.threads[..MAX_THREADS].iter().rposition(|events| !events.is_empty());
        let threads = (0..used.map_or(0, |last| last + 1))
            .map(|thread| {
                let events = 0..self.threads[thread].len();
                events.map(|at| event(Id::new(thread, at))).collect()
            })
            .collect();
        let co = |&(location, _): &(u32, Id)| {
            self.location(location).co.iter().map(|&write| pair(write)).collect()
        };
        GraphView { threads, coherence: inits.iter().map(co).collect() }
    }

    /// A number that two graphs share only if they are the same one (but for chance).
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for events in &self.threads[..MAX_THREADS] {
            for event in events {
                (event.kind, event.exclusive, event.refused, event.source).hash(&mut hasher);
            }
            u8::MAX.hash(&mut hasher);
        }
        let mut orders: Vec<&Vec<Id>> =
            self.locations.iter().map(|location| &location.co).collect();
        orders.sort();
        orders.hash(&mut hasher);
        hasher.finish()
    }
}
