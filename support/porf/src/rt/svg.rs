//! A graph as a picture: threads as columns, arrows from writes to the reads that read them.

use core::fmt::Write;

use super::Runtime;
use crate::graph::{Event, Id, STATICS};

/// Sizes in pixels.
const COLUMN: usize = 460;
const ROW: usize = 26;
const TOP: usize = 50;
const LEFT: usize = 20;

impl Runtime {
    /// Each event has a row of its own, in the order in which the events were added; the reads that
    /// were revisited stand above what they read.
    pub(super) fn svg(&self) -> String {
        let mut ids: Vec<Id> =
            self.graph.ids().filter(|id| usize::from(id.thread) != STATICS).collect();
        ids.sort_by_key(|&id| self.graph.event(id).stamp);
        let (width, height) = (LEFT + columns_of(&ids) * COLUMN, TOP + (ids.len() + 1) * ROW);
        let row = |id: Id| ids.iter().position(|&other| other == id);
        let y = |row: usize| TOP + row * ROW;
        let x = |id: Id| LEFT + usize::from(id.thread) * COLUMN;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             font-family=\"monospace\" font-size=\"12\">\n\
             <defs><marker id=\"tip\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" \
             orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"green\"/></marker></defs>\n"
        );
        for thread in 0..columns_of(&ids) {
            let left = LEFT + thread * COLUMN;
            _ = writeln!(
                svg,
                "<text x=\"{left}\" y=\"24\" font-weight=\"bold\">thread {thread}</text>"
            );
        }
        for (at, &id) in ids.iter().enumerate() {
            let event = self.graph.event(id);
            _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\">{}</text>",
                x(id),
                y(at),
                self.label(id, event)
            );
            if let (true, Some(from)) = (event.is_read(), row(event.source)) {
                let (x1, x2) = (x(event.source) + COLUMN / 2, x(id));
                let (y1, y2) = (y(from) - 4, y(at) - 4);
                _ = writeln!(
                    svg,
                    "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"green\" \
                     marker-end=\"url(#tip)\"/>"
                );
            }
        }
        svg + "</svg>\n"
    }

    fn label(&self, id: Id, event: &Event) -> String {
        let file = event.place.file().rsplit('/').next().unwrap_or_default();
        let text = format!(
            "{}.{} {} {file}:{}",
            id.thread,
            id.index,
            self.event_text(event),
            event.place.line()
        );
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }
}

fn columns_of(ids: &[Id]) -> usize {
    ids.iter().map(|id| usize::from(id.thread) + 1).max().unwrap_or(0)
}
