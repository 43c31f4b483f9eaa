//! A graph as text.

use core::fmt::Write;
use std::fs;
use std::path::Path;

use super::Runtime;
use super::failure::Failure;
use super::guide::Guide;
use crate::graph::{Event, Id, Kind, MAX_THREADS, STATICS};

impl Runtime {
    /// What failed, and in which execution.
    pub(super) fn describe(&self, failure: &Failure) -> String {
        let who = match failure.thread {
            Some(thread) => format!(" of thread {thread}"),
            None => String::new(),
        };
        let number = self.report.runs() + 1;
        let what = format!("execution {number} fails{who}: {}", failure.message());
        format!(
            "{what}\n{}run it alone: PORF_REPLAY='{}'{}",
            self.text(),
            self.replay_line(),
            self.draw(&what),
        )
    }

    /// What `PORF_REPLAY` must be set to, to run this execution alone.
    pub(crate) fn replay_line(&self) -> String {
        let (spins, given) = (&self.spins, self.options.guide.as_ref());
        Guide::of(&self.graph).knowing(&spins.known.unrolled, &spins.known.counted, given).line()
    }

    /// Draws the execution, if `PORF_SVG` names a folder. Returns what became of it.
    fn draw(&self, title: &str) -> String {
        let Some(folder) = std::env::var_os("PORF_SVG") else { return String::new() };
        let name = self.graph.fingerprint();
        let file = Path::new(&folder).join(format!("porf-{name:016x}.svg"));
        match fs::write(&file, self.svg(title)) {
            Ok(()) => format!("\ndrawn: {}", file.display()),
            Err(error) => format!("\nnot drawn: {}: {error}", file.display()),
        }
    }

    /// Each thread with its events, then the coherence order of each location.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for thread in 0..MAX_THREADS {
            let events = &self.graph.threads[thread];
            if events.is_empty() {
                continue;
            }
            let name = self.threads.get(thread).and_then(|thread| thread.name.as_deref());
            let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
            _ = writeln!(text, "thread {thread}{name}");
            for (at, event) in events.iter().enumerate() {
                let id = Id::new(thread, at);
                _ = writeln!(
                    text,
                    "  {:<6} {:<52} {}",
                    show(id),
                    self.event_text(event),
                    event.place
                );
            }
        }
        for location in &self.graph.locations {
            if let [init, _, ..] = location.co[..] {
                let order: Vec<String> = location.co.iter().map(|&id| show(id)).collect();
                _ = writeln!(text, "order of {}: {}", self.location_text(init), order.join(" < "));
            }
        }
        text
    }

    pub(super) fn event_text(&self, event: &Event) -> String {
        let location = || self.location_text(self.graph.location(event.location).co[0]);
        let value = event.value;
        match event.kind {
            Kind::Init => format!("creates {} = {value:#x}", location()),
            Kind::Read => format!(
                "reads {} = {value:#x} from {} {:?}{}{}",
                location(),
                show(event.source),
                event.order,
                if event.exclusive { ", updates" } else { "" },
                if event.refused { ", refused" } else { "" },
            ),
            Kind::Write => format!("writes {} = {value:#x} {:?}", location(), event.order),
            Kind::Fence => format!("fence {:?}", event.order),
            Kind::Start => "starts".into(),
            Kind::End => "ends".into(),
            Kind::Spawn => format!("spawns thread {value}"),
            Kind::Join => format!("joins thread {}", event.source.thread),
            Kind::Acquired if event.source == Id::NONE => "is let in".into(),
            Kind::Acquired => format!("is let in by {}", show(event.source)),
            Kind::Unlock => format!("unlocks, entry {}", show(event.source)),
            Kind::Stop => "is stopped for ever before its next step".into(),
        }
    }

    fn location_text(&self, init: Id) -> String {
        let place = self.graph.event(init).place;
        let file = place.file().rsplit('/').next().unwrap_or_default();
        format!("{} ({file}:{})", show(init), place.line())
    }
}

pub(super) fn show(id: Id) -> String {
    if usize::from(id.thread) == STATICS {
        format!("s.{}", id.index)
    } else {
        format!("{}.{}", id.thread, id.index)
    }
}
