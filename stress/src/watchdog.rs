//! A thread beside a run that reports where each thread is when no thread makes progress any more.
//!
//! It never touches the subject, which may be what hangs, and takes no lock except the log's.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::board::{Board, Place};
use crate::oracle::violation::{Log, Violation};
use crate::run::Budget;

/// What is done about a run that hangs. Its threads cannot be joined, so this function ends the
/// process, or makes the run go on.
pub type Bark = dyn Fn(&Hang) + Send + Sync;

/// When a run counts as hung, and what is done then, once.
#[derive(Clone)]
pub struct Watchdog {
    /// How long no operation may be done anywhere, and how far a run may go beyond its time.
    pub after: Duration,
    /// What is done.
    pub bark: Arc<Bark>,
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("after", &self.after).finish_non_exhaustive()
    }
}

/// Why a run counts as hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No thread did anything for so long.
    NoProgress(Duration),
    /// The run was to last so long, and has lasted so long.
    Overdue {
        /// Its budget.
        wanted: Duration,
        /// What it has taken so far.
        taken: Duration,
    },
}

/// One thread of a run that hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The lane; `None` is the thread that starts the lanes and checks the books.
    pub lane: Option<usize>,
    /// Where it is.
    pub place: Place,
    /// For how long it has been there.
    pub since: Duration,
}

/// A run that hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hang {
    /// Why it counts as hung.
    pub why: Why,
    /// Which thread is where.
    pub threads: Vec<Stuck>,
    /// What was found wrong before; the hang is mostly its consequence.
    pub violations: Vec<Violation>,
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::NoProgress(time) => {
                write!(f, "no operation was done for {:.1} s", time.as_secs_f64())?;
            }
            Why::Overdue { wanted, taken } => write!(
                f,
                "the run was to last {:.1} s and has lasted {:.1} s",
                wanted.as_secs_f64(),
                taken.as_secs_f64()
            )?,
        }
        self.threads.iter().try_for_each(|stuck| write!(f, "\n  {stuck}"))
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lane {
            Some(lane) => write!(f, "lane {lane}: ")?,
            None => f.write_str("harness: ")?,
        }
        write!(f, "{}, there for {:.1} s", self.place, self.since.as_secs_f64())
    }
}

/// What was seen of one thread, and since when.
#[derive(Clone, Copy)]
struct Seen {
    place: Place,
    since: Instant,
}

impl Watchdog {
    /// Looks at the board until the run is `over`, or hangs.
    pub(crate) fn keep(&self, board: &Board, budget: Budget, log: &Log, over: &AtomicBool) {
        let rhythm = (self.after / 20).clamp(Duration::from_millis(1), Duration::from_millis(200));
        let places = || board.lanes().map(|post| post.place()).chain([board.harness.place()]);
        let start = Instant::now();
        let mut seen: Vec<Seen> = places().map(|place| Seen { place, since: start }).collect();
        let mut moved = start;
        while !over.load(Relaxed) {
            thread::park_timeout(rhythm);
            let now = Instant::now();
            let lanes = seen.len() - 1;
            for (nth, (seen, place)) in seen.iter_mut().zip(places()).enumerate() {
                // A thread that only waits and looks again makes steps, and no progress.
                let is_progress = place.ops != seen.place.ops
                    || (nth == lanes && place.phase != seen.place.phase);
                if is_progress {
                    moved = now;
                }
                if is_progress || place.phase != seen.place.phase {
                    seen.since = now;
                }
                seen.place = place;
            }
            if let Some(why) = self.hung(board, budget, now, moved) {
                // It may just have ended.
                if !over.load(Relaxed) {
                    let stuck = |(nth, seen): (usize, &Seen)| Stuck {
                        lane: (nth < lanes).then_some(nth),
                        place: seen.place,
                        since: now - seen.since,
                    };
                    let threads = seen.iter().enumerate().map(stuck).collect();
                    (self.bark)(&Hang { why, threads, violations: log.violations() });
                }
                return;
            }
        }
    }

    fn hung(&self, board: &Board, budget: Budget, now: Instant, moved: Instant) -> Option<Why> {
        let still = now - moved;
        if still >= self.after {
            return Some(Why::NoProgress(still));
        }
        let (Budget::Time(wanted), Some(began)) = (budget, board.began()) else { return None };
        let taken = now.saturating_duration_since(began);
        (taken >= wanted + self.after).then_some(Why::Overdue { wanted, taken })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_hung_when_nothing_moves_or_when_it_lasts_too_long() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let watchdog = Watchdog { after: minute, bark: Arc::new(|_| ()) };
        let board = Board::new(1);
        let began = Instant::now();
        let hung = |budget, at: Duration, moved: Duration| {
            watchdog.hung(&board, budget, began + at, began + moved)
        };
        let (time, ops) = (Budget::Time(minute), Budget::Ops(1));
        assert_eq!(hung(time, 2 * minute, 2 * minute), None, "it has not begun");
        board.begin(began);
        assert_eq!(hung(time, 2 * minute - second, minute), None);
        let overdue = Why::Overdue { wanted: minute, taken: 2 * minute };
        assert_eq!(hung(time, 2 * minute, 2 * minute), Some(overdue));
        assert_eq!(hung(ops, 9 * minute, 9 * minute), None, "operations take what they take");
        for budget in [time, ops] {
            assert_eq!(hung(budget, minute, Duration::ZERO), Some(Why::NoProgress(minute)));
        }
    }
}
