//! A thread beside the others. It reads the pool's own counts while the run goes on, and, if told
//! to, stays in the middle of an exchange meanwhile.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::sync::mpsc::Sender;
use std::thread::{self, Thread};
use std::time::Instant;

use crate::board::Board;
use crate::interrupt;
use crate::memory::Track;
use crate::meter;
use crate::oracle::books;
use crate::oracle::live::Live;
use crate::oracle::violation::{Log, StopOnPanic, Violation};
use crate::subject::{Examined, Handle as _};

/// How long the extra thread stays in the middle of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// For the whole run.
    Forever,
    /// For so long; then it is idle for a tenth of that, and stays again.
    Spells(Duration),
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::Spells(time) => write!(f, "{}ms", time.as_millis()),
        }
    }
}

/// Time between two observations.
const LOOK: Duration = Duration::from_millis(10);

/// Ends the observation when it is dropped, which it also is where the run unwinds.
pub(crate) struct Shift<'a> {
    pub(crate) over: &'a AtomicBool,
    pub(crate) thread: Thread,
}

impl Drop for Shift<'_> {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        self.thread.unpark();
    }
}

/// What an observer saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The most magazines that were waiting at one observation.
    pub(crate) peak_limbo_magazines: usize,
    /// Memory over the run's time.
    pub(crate) memory: Track,
    /// Operations that the meter knows of.
    metered: u64,
}

/// A thread that observes a run, and what it needs for that.
pub(crate) struct Observer<'a, U> {
    pub(crate) subject: &'a U,
    pub(crate) log: &'a Log,
    pub(crate) board: &'a Board,
    pub(crate) live: &'a Live,
    pub(crate) stall: Option<Stall>,
    pub(crate) over: &'a AtomicBool,
}

impl<U: Examined> Observer<'_, U> {
    /// Observes until the run is over, and returns what it saw. `placed` is told when the thread
    /// stalls, or is dropped where it cannot.
    pub(crate) fn keep(&self, placed: Sender<()>) -> Seen {
        let _guard = StopOnPanic(self.log);
        let mut seen = Seen::default();
        let Some(stall) = self.stall else {
            drop(placed);
            self.look_until(None, &mut seen);
            return seen;
        };
        let handle = match self.subject.attach() {
            Ok(handle) => handle,
            Err(refused) => {
                self.log.report(Violation::Refused { reason: refused.to_string() });
                return seen;
            }
        };
        let mut placed = Some(placed);
        let mut goes_on = true;
        while goes_on {
            handle.linger(&mut || {
                // If this fails, nobody waits for it any more.
                _ = placed.take().map(|placed| placed.send(()));
                let spell = match stall {
                    Stall::Forever => None,
                    Stall::Spells(time) => Some(time),
                };
                goes_on = self.look_until(spell, &mut seen);
            });
            if let (true, Stall::Spells(time)) = (goes_on, stall) {
                goes_on = self.look_until(Some(time / 10), &mut seen);
            }
        }
        seen
    }

    /// Makes an observation at intervals, for this long. Returns whether the run goes on.
    fn look_until(&self, spell: Option<Duration>, seen: &mut Seen) -> bool {
        let ends = spell.map(|time| Instant::now() + time);
        loop {
            let magazine_counts = self.subject.magazine_counts();
            seen.peak_limbo_magazines =
                magazine_counts.limbo_magazines.max(seen.peak_limbo_magazines);
            seen.memory.look(|| (self.subject.carved_blocks(), self.live.now()));
            let ops = self.board.lanes().map(|post| post.place().ops).sum::<u64>();
            meter::add(ops.saturating_sub(seen.metered));
            seen.metered = ops.max(seen.metered);
            if interrupt::requested() {
                // As if time were up.
                self.log.stop();
            }
            if !books::magazines(&magazine_counts, self.log) {
                return false;
            }
            if self.over.load(Relaxed) {
                return false;
            }
            let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
            match left {
                Some(Duration::ZERO) => return true,
                Some(left) => thread::park_timeout(left.min(LOOK)),
                None => thread::park_timeout(LOOK),
            }
        }
    }
}
