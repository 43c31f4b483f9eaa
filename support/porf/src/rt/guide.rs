//! One execution again, from the line that a failure prints: `PORF_REPLAY=...`.
//!
//! The line says what each read reads, and the coherence orders: `0.5<1.3,2.4<0.1r;1.3>2.7`. The
//! letter `r` stands for a refusal. What else the exploration knew follows, as far as there is any:
//! the event before which a thread is stopped for ever (`1.7`), the lines of the yields that do not
//! wait, and the lines where references are made whose count the model has
//! (`src/a.rs:10:5,src/b.rs:1:9`). Threads run as always, but a read waits until its source is
//! there, and no choice is left behind.

use super::Place;
use crate::graph::{Graph, Id, LANES};

/// What an execution is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guide {
    /// Reads, with their sources, and whether they are refused.
    reads: Vec<(Id, Id, bool)>,
    orders: Vec<Vec<Id>>,
    stop: Option<Id>,
    unrolled: Vec<String>,
    counted: Vec<String>,
}

impl Guide {
    /// Reads a line that [`Guide::line`] wrote.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(';').collect();
        let (&[reads, orders], more) = fields.split_first_chunk()?;
        let more = |at: usize| more.get(at).copied().unwrap_or_default();
        let stop = match more(0) {
            "" => None,
            stop => Some(id(stop)?),
        };
        let parts = |text: &str, by: char| -> Vec<String> {
            text.split(by).filter(|part| !part.is_empty()).map(String::from).collect()
        };
        let read = |text: &String| {
            let refused = text.ends_with('r');
            let (read, source) = text.trim_end_matches('r').split_once('<')?;
            Some((id(read)?, id(source)?, refused))
        };
        let order = |text: &String| parts(text, '>').iter().map(|text| id(text)).collect();
        Some(Self {
            reads: parts(reads, ',').iter().map(read).collect::<Option<_>>()?,
            orders: parts(orders, ',').iter().map(order).collect::<Option<_>>()?,
            stop,
            unrolled: parts(more(1), ','),
            counted: parts(more(2), ','),
        })
    }

    /// What leads to this graph.
    pub(super) fn of(graph: &Graph) -> Self {
        let reads = graph.ids().filter(|&id| graph.event(id).is_read());
        let reads = reads.map(|id| {
            let event = graph.event(id);
            (id, event.source, event.refused)
        });
        let orders = graph.locations.iter().filter(|location| location.co.len() > 2);
        Self {
            reads: reads.collect(),
            orders: orders.map(|location| location.co.clone()).collect(),
            stop: graph.stop(),
            unrolled: Vec::new(),
            counted: Vec::new(),
        }
    }

    /// The same with the yields that do not wait, and the places of references that are counted, and
    /// those that `given` names.
    pub(super) fn knowing(
        mut self,
        unrolled: &[Place],
        counted: &[Place],
        given: Option<&Self>,
    ) -> Self {
        let texts =
            |places: &[Place]| -> Vec<String> { places.iter().map(ToString::to_string).collect() };
        (self.unrolled, self.counted) = (texts(unrolled), texts(counted));
        if let Some(given) = given {
            self.unrolled.extend(given.unrolled.iter().cloned());
            self.counted.extend(given.counted.iter().cloned());
        }
        self
    }

    /// The line to paste.
    pub(crate) fn line(&self) -> String {
        let show = |id: &Id| format!("{}.{}", id.thread, id.index);
        let read = |(read, source, refused): &(Id, Id, bool)| {
            format!("{}<{}{}", show(read), show(source), if *refused { "r" } else { "" })
        };
        let order = |order: &Vec<Id>| order.iter().map(show).collect::<Vec<_>>().join(">");
        let reads: Vec<String> = self.reads.iter().map(read).collect();
        let orders: Vec<String> = self.orders.iter().map(order).collect();
        let stop = self.stop.iter().map(show).collect::<String>();
        let fields = [
            reads.join(","),
            orders.join(","),
            stop,
            self.unrolled.join(","),
            self.counted.join(","),
        ];
        let last = fields.iter().rposition(|field| !field.is_empty()).unwrap_or_default();
        fields[..=last.max(1)].join(";")
    }

    /// What the read is to read, and whether it is refused.
    pub(crate) fn source(&self, read: Id) -> Option<(Id, bool)> {
        let found = self.reads.iter().find(|(id, ..)| *id == read);
        found.map(|&(_, source, refused)| (source, refused))
    }

    /// The event before which its thread is stopped.
    pub(crate) fn stop(&self) -> Option<Id> {
        self.stop
    }

    /// Whether the yield at this place does not wait.
    pub(crate) fn unrolls(&self, place: Place) -> bool {
        self.unrolled.contains(&place.to_string())
    }

    /// Whether the model has the counts of the references made here.
    pub(crate) fn counts(&self, place: Place) -> bool {
        self.counted.contains(&place.to_string())
    }

    /// Where the write stands among the writes that are there.
    pub(crate) fn position(&self, write: Id, co: &[Id]) -> usize {
        let Some(order) = self.orders.iter().find(|order| order.contains(&write)) else {
            return co.len();
        };
        let earlier = order.iter().take_while(|&&other| other != write);
        let last = earlier.filter_map(|other| co.iter().position(|id| id == other)).max();
        last.map_or(co.len(), |at| at + 1)
    }
}

fn id(text: &str) -> Option<Id> {
    let (thread, index) = text.split_once('.')?;
    let (thread, index) = (thread.parse().ok()?, index.parse().ok()?);
    (thread < LANES).then(|| Id::new(thread, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back() {
        for line in [
            ";",
            "0.5<1.3,2.4<0.1r;0.1>1.3>2.7,0.2>0.3>0.4",
            "0.1<0.0;",
            "0.1<0.0;;1.7",
            ";;;a.rs:1:2,b.rs:3:4;c.rs:5:6",
        ] {
            assert_eq!(Guide::parse(line).map(|guide| guide.line()).as_deref(), Some(line));
        }
        assert_eq!(Guide::parse("0.5<;"), None);
        assert_eq!(Guide::parse("0.1<0.0;;none"), None);
        assert_eq!(Guide::parse("no line"), None);
    }
}
