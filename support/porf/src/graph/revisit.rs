//! Backward revisits: an earlier read reads from a write that came later.
//!
//! Source: `[KMGV22]` (Kokologiannakis, Marmanis, Gladstein, Vafeiadis, "Truly Stateless, Optimal
//! Dynamic Partial Order Reduction", POPL 2022), section 4. When a write `a` is added, each read
//! `r` of its location that is not in `a`'s prefix may read from it. The new graph keeps what came
//! before `r`, `r`, and `a` with its prefix; all else is deleted and explored anew. Many graphs
//! differ only in what is deleted, so one of them stands for all: that in which each deleted event,
//! and `r`, read or stood last among what came before it or is in `a`'s prefix. So no graph is made
//! twice.
//!
//! Deviations: an RMW is two events, added one directly after the other. A choice that is none of
//! the graph's (a weak compare-and-exchange fails, a `try_lock` is refused, a thread is stopped)
//! counts as not maximal.

use super::{Clock, Graph, Id, Kind, LANES, Location, STATICS, Use};

impl Graph {
    /// How many events of each thread stay if `read` is to read from `write`.
    fn kept(&self, read: Id, write: Id) -> [usize; LANES] {
        let (stamp, prefix) = (self.event(read).stamp, self.event(write).porf);
        core::array::from_fn(|thread| {
            let events = &self.threads[thread];
            if thread == STATICS {
                return events.len();
            }
            let older = events.partition_point(|event| event.stamp <= stamp);
            older.max(usize::from(prefix.of(thread)))
        })
    }

    /// The reads that `write` may revisit, so that the event `gone` is deleted, if it names one.
    pub(crate) fn revisited_by(&self, write: Id, gone: Id) -> Vec<Id> {
        let event = self.event(write);
        let prefix = event.porf;
        let reads = self.location(event.location).reads.iter().copied();
        reads
            .filter(|&read| !prefix.has(read))
            .filter(|&read| {
                let kept = self.kept(read, write);
                let is_kept = |id: Id| usize::from(id.index) < kept[usize::from(id.thread)];
                if gone != Id::NONE && is_kept(gone) {
                    return false;
                }
                self.is_maximal(read, write, &prefix)
                    && kept.iter().enumerate().all(|(thread, &first)| {
                        (first..self.threads[thread].len())
                            .all(|at| self.is_maximal(Id::new(thread, at), write, &prefix))
                    })
            })
            .collect()
    }

    /// Whether the event was added in the one way that stands for all, seen from `write`.
    fn is_maximal(&self, id: Id, write: Id, prefix: &Clock) -> bool {
        let event = self.event(id);
        let earlier = |other: Id| {
            other != write && (prefix.has(other) || self.event(other).stamp <= event.stamp)
        };
        let accesses = match event.kind {
            Kind::Init | Kind::Write | Kind::Read => self.location(event.location),
            Kind::Stop => return false,
            _ => return true,
        };
        let newest = if event.is_read() {
            if event.refused {
                return false;
            }
            event.source
        } else {
            let read = |&read: &Id| self.event(read).source == id && earlier(read);
            if accesses.reads.iter().any(read) {
                return false;
            }
            id
        };
        let co = accesses.co.iter().rev();
        !co.take_while(|&&later| later != newest).any(|&later| earlier(later))
    }

    /// The graph in which `read` reads from `write`, which has no position in the coherence order
    /// yet, unless it is the write part of an RMW; and the positions that `write` may have.
    pub(crate) fn revisit(&self, read: Id, write: Id, into: &mut Graph) -> Vec<usize> {
        let kept = self.kept(read, write);
        self.restrict(&kept, into);
        let target = into.event_mut(read);
        target.source = write;
        target.exclusive = false;
        target.refused = false;
        into.decide(read);
        let event = *into.event(write);
        if event.exclusive {
            let source = into.event(write.previous()).source;
            let position = into.position(write);
            let fits = position > 0 && into.location(event.location).co[position - 1] == source;
            // Another RMW read the same write, and is still there.
            let crowded = into
                .taker(event.location, position)
                .is_some_and(|next| into.event(next.previous()).source == source);
            return if fits && !crowded && into.may_read(read) {
                vec![position]
            } else {
                Vec::new()
            };
        }
        into.take_out(write);
        let floor = into.floor(event.location, &event.hb.without(write), read);
        let last = into.location(event.location).co.len();
        let mut positions = Vec::new();
        for position in floor + 1..=last {
            if position < last && into.taker(event.location, position - 1).is_some() {
                continue;
            }
            into.insert(write, position);
            if into.may_read(read) {
                positions.push(position);
            }
            into.take_out(write);
        }
        positions
    }

    /// Decides whether a read part updates, and with which ordering and clocks it reads.
    pub(crate) fn decide(&mut self, read: Id) {
        let value = self.event(self.event(read).source).value;
        let event = self.event_mut(read);
        event.exclusive = event.would_update(value) && !event.refused;
        if !event.exclusive {
            event.order = event.order_failed;
        } else {
            event.order = event.order_updated;
        }
        self.refresh_read(read);
    }

    /// Whether the read's source is coherent with what happens before the read.
    fn may_read(&self, read: Id) -> bool {
        let event = self.event(read);
        let hb = self.before(read).0;
        self.position(event.source) >= self.floor(event.location, &hb, read)
    }

    /// A copy with the first events of each thread, as many as `kept` says.
    fn restrict(&self, kept: &[usize; LANES], into: &mut Graph) {
        for (thread, events) in into.threads.iter_mut().enumerate() {
            events.clear();
            events.extend_from_slice(&self.threads[thread][..kept[thread]]);
        }
        let is_kept = |id: &Id| usize::from(id.index) < kept[usize::from(id.thread)];
        into.locations.resize_with(self.locations.len(), || Location {
            purpose: Use::Atomic,
            co: Vec::new(),
            reads: Vec::new(),
        });
        for (to, from) in into.locations.iter_mut().zip(&self.locations) {
            to.purpose = from.purpose;
            to.co.clear();
            to.reads.clear();
            if from.co.first().is_some_and(is_kept) {
                to.co.extend(from.co.iter().copied().filter(is_kept));
                to.reads.extend(from.reads.iter().copied().filter(is_kept));
            }
        }
        into.next_stamp = self.next_stamp;
        for events in &mut into.threads {
            for event in events {
                if event.unlock != Id::NONE && !is_kept(&event.unlock) {
                    event.unlock = Id::NONE;
                }
            }
        }
    }
}
