//! What is left to explore: choices, and the graphs to which they belong.
//!
//! A graph only grows at its end while the program runs along it. So a choice at an event needs no
//! copy of the graph: removing the event and all later ones gives back the graph of that moment. A
//! revisit deletes events in between; it is explored on a graph of its own, and the old one waits
//! in a [`Frame`] until nothing is left of the new one. Choices are taken newest first. If a graph
//! has no choice left, its revisit takes its place, so frames do not pile up.

use std::sync::Arc;

use super::Place;
use crate::graph::{Event, Graph, Id};

/// Something that a run could have done otherwise.
pub(crate) enum Choice {
    /// The read `id` reads another write, or is refused.
    Read { stamp: u32, id: Id, source: Id, refused: bool },
    /// The write `id` stands elsewhere in the coherence order.
    Write { stamp: u32, id: Id, at: usize },
    /// `read` reads from `write`, which came later.
    Revisit { stamp: u32, write: Id, read: Id },
    /// The same, by an RMW whose two parts are not in the graph.
    Displace { stamp: u32, write: Id, parts: Arc<(Event, Event)>, read: Id },
    /// The graph of a revisit, as it was made, with `write` in another position, or with `read`
    /// refused.
    Again { stamp: u32, write: Id, at: Option<usize>, read: Id, refused: bool },
    /// The thread is stopped before its event `id`.
    Stop { stamp: u32, id: Id, place: Place },
}

/// A graph that waits, and what is left of it.
pub(crate) struct Frame {
    pub(crate) graph: Graph,
    pub(crate) choices: Vec<Choice>,
}
