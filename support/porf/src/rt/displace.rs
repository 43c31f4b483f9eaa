//! Revisits that a new write offers, and RMWs that take another one's place.
//!
//! The read part of an RMW may read a write that another RMW has read. No such graph is consistent,
//! but it becomes so if the write part revisits the other one's read: [`Runtime::displace`] leaves
//! those revisits behind and makes no run of its own for the graph between.

use std::sync::Arc;

use super::Runtime;
use super::choice::Choice;
use crate::graph::{Clock, Event, Id, Kind, releases};

impl Runtime {
    /// What a reader acquires from the write part: its own release, and its release sequence.
    pub(super) fn release_write_part(&mut self, id: Id, source: Id, fenced: Clock) {
        let event = self.graph.event(id);
        let mut released = if releases(event.order) { event.hb } else { fenced };
        released.join(&self.graph.event(source).released);
        self.graph.event_mut(id).released = released;
    }

    /// Leaves a choice behind for each read that the new write may revisit.
    pub(super) fn offer_revisits(&mut self, write: Id) {
        let stamp = self.graph.event(write).stamp;
        for read in self.graph.revisited_by(write, Id::NONE) {
            self.choices.push(Choice::Revisit { stamp, write, read });
        }
    }

    /// An RMW that reads a write whose `taker`, the write part of another RMW, must go for it.
    pub(super) fn displace(&mut self, mut read: Event, value: u128, taker: Id) {
        let stamp = self.graph.next_stamp;
        read.exclusive = true;
        let read_id = self.add(read);
        self.graph.refresh_read(read_id);
        let (hb, porf) = (self.graph.event(read_id).hb, self.graph.event(read_id).porf);
        if !porf.has(taker) {
            let read = *self.graph.event(read_id);
            let write_id = read_id.next();
            let mut write = Event {
                location: read.location,
                exclusive: true,
                value,
                hb,
                porf,
                ..Event::new(Kind::Write, read.order, read.place)
            };
            write.hb.add(write_id);
            write.porf.add(write_id);
            let write_id = self.graph.append(self.current, write);
            let position = self.graph.position(read.source) + 1;
            self.graph.insert(write_id, position);
            let fenced = self.thread().fenced;
            self.release_write_part(write_id, read.source, fenced);
            let targets = self.graph.revisited_by(write_id, taker);
            if !targets.is_empty() {
                let parts = Arc::new((*self.graph.event(read_id), *self.graph.event(write_id)));
                for target in targets {
                    let parts = parts.clone();
                    self.choices.push(Choice::Displace {
                        stamp,
                        write: write_id,
                        parts,
                        read: target,
                    });
                }
            }
        }
        self.left -= 1;
        self.graph.truncate(stamp);
    }
}
