//! Takes the next choice: the graph of the next run.

use super::Runtime;
use super::choice::{Choice, Frame};
use super::team::Package;
use crate::graph::{Event, Id, Use};

impl Runtime {
    /// Takes the next choice, and makes its graph the current one. `false`: there is none.
    pub(crate) fn next_graph(&mut self) -> bool {
        loop {
            let Some(choice) = self.choices.pop() else {
                let Some(frame) = self.saved.pop() else { return false };
                let done = core::mem::replace(&mut self.graph, frame.graph);
                self.spare.push(done);
                self.choices = frame.choices;
                continue;
            };
            // The write part of an RMW is not there yet. It adds no cycle: what its position in the
            // coherence order puts before other writes, its read part puts before them, too.
            if self.take(choice) && self.graph.is_sc_consistent() {
                return true;
            }
        }
    }

    /// Takes the oldest choices out, with the graph to which they belong. `None`: there is at most
    /// one choice.
    pub(crate) fn split(&mut self) -> Option<Package> {
        if !self.saved.is_empty() {
            let Frame { graph, choices } = self.saved.remove(0);
            return Some(Package { graph, choices });
        }
        let half = self.choices.len() / 2;
        let choices: Vec<Choice> = self.choices.drain(..half).collect();
        (half > 0).then(|| Package { graph: self.graph.clone(), choices })
    }

    fn take(&mut self, choice: Choice) -> bool {
        match choice {
            Choice::Read { stamp, id, source, refused } => {
                let event = *self.graph.event(id);
                self.graph.truncate(stamp);
                let event = Event { source, refused, exclusive: false, ..event };
                let added = self.graph.append(usize::from(id.thread), event);
                self.graph.decide(added);
                true
            }
            Choice::Write { stamp, id, at } => {
                let event = *self.graph.event(id);
                self.graph.truncate(stamp);
                let added = self.graph.append(usize::from(id.thread), event);
                self.graph.insert(added, at);
                true
            }
            Choice::Revisit { stamp, write, read } => {
                self.graph.truncate(stamp + 1);
                self.revisit(write, read)
            }
            Choice::Displace { stamp, write, parts, read } => {
                self.graph.truncate(stamp);
                let thread = usize::from(write.thread);
                self.graph.append(thread, parts.0);
                self.graph.append(thread, parts.1);
                let at = self.graph.position(parts.0.source) + 1;
                self.graph.insert(write, at);
                self.revisit(write, read)
            }
            Choice::Again { stamp, write, at, read, refused } => {
                self.graph.truncate(stamp);
                if let Some(at) = at {
                    self.graph.take_out(write);
                    self.graph.insert(write, at);
                }
                self.graph.event_mut(read).refused = refused;
                self.graph.decide(read);
                true
            }
            Choice::Stop { stamp, id, place } => {
                self.stop_before(stamp, id, place);
                true
            }
        }
    }

    /// Makes the graph in which `read` reads from `write` the current one.
    fn revisit(&mut self, write: Id, read: Id) -> bool {
        let mut graph = self.spare.pop().unwrap_or_default();
        let mut positions = self.graph.revisit(read, write, &mut graph);
        let Some(last) = positions.pop() else {
            self.spare.push(graph);
            return false;
        };
        // A refused read is revisited by no write, so a read of a queue has its write part.
        let entry = self.graph.has(read.next()).then(|| self.graph.event(read.next()).value);
        let old = core::mem::replace(&mut self.graph, graph);
        if self.choices.is_empty() {
            self.spare.push(old);
        } else {
            let choices = core::mem::take(&mut self.choices);
            self.saved.push(Frame { graph: old, choices });
        }
        let stamp = self.graph.next_stamp;
        let movable = !self.graph.event(write).exclusive;
        let refusable = {
            let event = self.graph.event(read);
            let is_queue = self.graph.location(event.location).purpose == Use::Queue;
            // The writes of a queue are the write parts of RMWs, and have their position.
            let is_kept_out = |entry| self.may_be_held(write, entry, &self.graph.before(read).0);
            event.refusable && event.exclusive && (!is_queue || entry.is_some_and(is_kept_out))
        };
        let again = |at, refused| Choice::Again { stamp, write, at, read, refused };
        for position in positions {
            if refusable {
                self.choices.push(again(Some(position), true));
            }
            self.choices.push(again(Some(position), false));
        }
        if refusable {
            self.choices.push(again(movable.then_some(last), true));
        }
        if movable {
            self.graph.insert(write, last);
        }
        true
    }
}
