//! A graph as a picture: threads as columns, and arrows for the relations of the model.

mod picture;

use core::panic::Location as Place;

use self::picture::{Arrow, Boxed, Picture, Relation};
use super::Runtime;
use crate::graph::{Event, Id, Kind, STATICS, Use};

/// The most characters of a title's line.
const TITLE_CHARS: usize = 110;

impl Runtime {
    /// Each event has a row of its own, in the order in which the events were added; the reads that
    /// were revisited stand above what they read. The rest of co and of fr follows from what is
    /// drawn.
    pub(super) fn svg(&self, title: &str) -> String {
        let mut ids: Vec<Id> = self.graph.ids().collect();
        ids.sort_by_key(|&id| (usize::from(id.thread) != STATICS, self.graph.event(id).stamp));
        let has_statics = ids.iter().any(|id| usize::from(id.thread) == STATICS);
        let threads: usize =
            ids.iter().map(|&id| self.column(id, false) + 1).max().unwrap_or_default();
        let mut columns: Vec<String> =
            (0..threads).map(|number| self.column_name(number)).collect();
        if has_statics {
            columns.insert(0, "statics".into());
        }
        let boxes = ids.iter().map(|&id| Boxed {
            column: self.column(id, has_statics),
            text: format!("{} {}", super::print::show(id), self.short(self.graph.event(id))),
            place: line(self.graph.event(id).place),
        });
        let title: Vec<String> =
            title.lines().take(3).map(|line| line.chars().take(TITLE_CHARS).collect()).collect();
        let picture = Picture {
            title: title.join("\n"),
            columns,
            boxes: boxes.collect(),
            arrows: self.arrows(&ids),
            notes: self.variables(),
        };
        picture.draw()
    }

    /// Statics have no thread: they stand before the first one.
    fn column(&self, id: Id, has_statics: bool) -> usize {
        match usize::from(id.thread) {
            STATICS => 0,
            thread => thread + usize::from(has_statics),
        }
    }

    fn column_name(&self, number: usize) -> String {
        let name = self.threads.get(number).and_then(|thread| thread.name.as_deref());
        name.map_or_else(|| format!("thread {number}"), |name| format!("thread {number} ({name})"))
    }

    /// The arrows between the events, which `ids` has in the order of their rows.
    fn arrows(&self, ids: &[Id]) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        let mut add = |from: Id, to: Id, relation| {
            let row = |id: Id| ids.iter().position(|&other| other == id);
            if let (Some(from), Some(to)) = (row(from), row(to)) {
                arrows.push(Arrow { from, to, relation });
            }
        };
        for &id in ids {
            let event = self.graph.event(id);
            match event.kind {
                Kind::Read => {
                    add(event.source, id, Relation::ReadsFrom);
                    if let Some(newer) = self.newer(id, event) {
                        add(id, newer, Relation::FromRead);
                    }
                }
                Kind::Join | Kind::Acquired => add(event.source, id, Relation::Waits),
                Kind::Spawn => {
                    let thread = usize::try_from(event.value).expect("the number of a thread");
                    add(id, Id::new(thread, 0), Relation::Waits);
                }
                _ => {}
            }
        }
        for location in &self.graph.locations {
            // The creation is before all writes, so arrows from it would say nothing.
            let writes = location.co.get(1..).unwrap_or_default();
            for pair in writes.windows(2) {
                add(pair[0], pair[1], Relation::Coherence);
            }
        }
        arrows
    }

    /// The write directly behind the one that a read reads, unless that is the other half of its own
    /// update.
    fn newer(&self, id: Id, read: &Event) -> Option<Id> {
        let order = &self.graph.location(read.location).co;
        let at = order.iter().position(|&write| write == read.source)?;
        let newer = *order.get(at + 1)?;
        let is_own = read.exclusive && newer == id.next();
        (!is_own).then_some(newer)
    }

    /// What an event does, in few words: variables have short names here.
    fn short(&self, event: &Event) -> String {
        let (value, order) = (event.value, event.order);
        let name = || name_of(event.location);
        match event.kind {
            Kind::Init => format!("creates {} = {value:#x}", name()),
            Kind::Read => {
                let part = if event.exclusive { ", updates" } else { "" };
                let refused = if event.refused { ", refused" } else { "" };
                format!("reads {} = {value:#x} {order:?}{part}{refused}", name())
            }
            Kind::Write => format!("writes {} = {value:#x} {order:?}", name()),
            Kind::Acquired => "is let in".into(),
            Kind::Unlock => "unlocks".into(),
            Kind::Stop => "is stopped for ever".into(),
            _ => self.event_text(event),
        }
    }

    /// A line for each variable: its short name, and where it was made.
    fn variables(&self) -> Vec<String> {
        let locations = self.graph.locations.iter().enumerate();
        let lines = locations.filter_map(|(number, location)| {
            let made = *location.co.first()?;
            let what = if location.purpose == Use::Queue { ", the queue of a lock," } else { "" };
            let place = line(self.graph.event(made).place);
            let name = name_of(u32::try_from(number).ok()?);
            Some(format!("{name} is {}{what} made at {place}", super::print::show(made)))
        });
        lines.collect()
    }
}

/// The short name of a variable.
fn name_of(location: u32) -> String {
    match u8::try_from(location) {
        Ok(number @ 0..26) => char::from(b'a' + number).into(),
        _ => format!("v{location}"),
    }
}

/// A source line without its folders.
fn line(place: &Place<'_>) -> String {
    let file = place.file().rsplit('/').next().unwrap_or_default();
    format!("{file}:{}", place.line())
}
