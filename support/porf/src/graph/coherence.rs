//! Which writes a read may read, and where a write may stand: coherence and atomicity.

use super::{Clock, Graph, Id};

impl Graph {
    /// Where the write stands in the coherence order of its location.
    pub(crate) fn position(&self, write: Id) -> usize {
        let co = &self.location(self.event(write).location).co;
        co.iter().rposition(|&other| other == write).expect("every write stands in it")
    }

    /// The least position of which an access of `location` knows, if `hb` happens before it: that of
    /// the newest write that happens before it, or that a read read that happens before it. A read
    /// reads from this position on, and a write stands behind it. The read `except` is passed over.
    pub(crate) fn floor(&self, location: u32, hb: &Clock, except: Id) -> usize {
        let accesses = self.location(location);
        let mut floor = accesses.co.iter().rposition(|&write| hb.has(write)).unwrap_or(0);
        for &read in &accesses.reads {
            if read != except && hb.has(read) {
                let source = self.event(read).source;
                let above = accesses.co[floor + 1..].iter().position(|&write| write == source);
                floor += above.map_or(0, |steps| steps + 1);
            }
        }
        floor
    }

    /// The write part of the RMW that read the write at this position, if one did.
    pub(crate) fn taker(&self, location: u32, position: usize) -> Option<Id> {
        let next = *self.location(location).co.get(position + 1)?;
        self.event(next).exclusive.then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use core::panic::Location as Place;
    use core::sync::atomic::Ordering::Relaxed;

    use super::super::{Event, Kind, Use};
    use super::*;

    #[test]
    fn a_read_that_came_before_raises_the_floor() {
        let mut graph = Graph::default();
        let place = Place::caller();
        let init = graph.next_id(0);
        let location = graph.new_location(init, Use::Atomic);
        graph.append(0, Event { location, ..Event::new(Kind::Init, Relaxed, place) });
        for thread in 1..3 {
            let write =
                graph.append(thread, Event { location, ..Event::new(Kind::Write, Relaxed, place) });
            graph.insert(write, thread);
        }
        let source = Id::new(2, 0);
        let read = Event { location, source, ..Event::new(Kind::Read, Relaxed, place) };
        let read = graph.append(0, read);
        let mut hb = Clock::START;
        hb.add(init);
        assert_eq!(graph.floor(location, &hb, Id::NONE), 0);
        hb.add(read);
        assert_eq!(graph.floor(location, &hb, Id::NONE), 2);
        assert_eq!(graph.floor(location, &hb, read), 0);
    }
}
