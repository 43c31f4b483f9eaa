//! Progress, on stderr: a live line on a terminal, a line of JSON now and then elsewhere.

use core::time::Duration;
use std::collections::VecDeque;
use std::io::{IsTerminal as _, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::meter;
use crate::report::note;

/// Time between two updates of the live line.
const LIVE: Duration = Duration::from_millis(250);
/// Looks over which its rate is taken.
const WINDOW: usize = 8;
/// Marks of the bar per run.
const MARKS: u32 = 100;

/// Shows how far a job is.
#[derive(Debug)]
pub(crate) struct Progress {
    board: Arc<Board>,
    bar: Option<ProgressBar>,
    ticker: Option<JoinHandle<()>>,
}

/// What the job and the ticker share.
#[derive(Debug)]
struct Board {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Debug)]
struct State {
    began: Instant,
    done: u32,
    total: u32,
    /// How long a run takes, if that is known.
    each: Option<Duration>,
    /// The run that is on, and since when.
    now: Option<(String, Instant)>,
    violations: usize,
    /// When, and how many operations had been done then.
    seen: VecDeque<(Instant, u64)>,
    is_over: bool,
}

/// One line for machines; its fields are described in `stress/README.md`.
#[derive(Debug, PartialEq, Serialize)]
struct Line<'a> {
    elapsed_s: f64,
    runs_done: u32,
    runs: u32,
    now: Option<&'a str>,
    ops: u64,
    ops_per_s: f64,
    violations: usize,
    eta_s: Option<f64>,
}

impl Progress {
    /// Starts a job of `total` runs, each of which takes `each` if that is known. Where stderr is
    /// no terminal a line comes every `interval`.
    pub(crate) fn new(total: usize, each: Option<Duration>, interval: Duration) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{elapsed_precise} [{bar:10}] {wide_msg}");
            let bar = ProgressBar::new(total as u64 * u64::from(MARKS));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let state = State::new(u32::try_from(total).unwrap_or(u32::MAX), each, Instant::now());
        let board = Arc::new(Board { state: Mutex::new(state), over: Condvar::new() });
        let ticker = {
            let (board, bar) = (Arc::clone(&board), bar.clone());
            // Without a thread there is no line in between: no reason to fail.
            thread::Builder::new().spawn(move || board.tick(bar.as_ref(), interval)).ok()
        };
        Self { board, bar, ticker }
    }

    /// Says which run begins.
    pub(crate) fn begin(&self, what: &str) {
        self.board.lock().now = Some((what.to_owned(), Instant::now()));
    }

    /// Says how the run ended, and how many violations it found.
    pub(crate) fn end(&self, line: &str, violations: usize) {
        let mut state = self.board.lock();
        state.done += 1;
        state.violations += violations;
        state.now = None;
        if self.bar.is_none() {
            note(&format!("[{}/{}] {line}", state.done, state.total));
        }
    }

    /// A line that must be seen.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(line)),
            None => note(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.board.lock().is_over = true;
        self.board.over.notify_all();
        if let Some(ticker) = self.ticker.take() {
            // It shows and counts: if it broke, nothing is lost.
            _ = ticker.join();
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the state now and then, until the job is over.
    fn tick(&self, bar: Option<&ProgressBar>, interval: Duration) {
        let (rhythm, window) = if bar.is_some() { (LIVE, WINDOW) } else { (interval, 1) };
        let mut state = self.lock();
        let mut next = Instant::now() + rhythm;
        while !state.is_over {
            let left = next.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                // If it wakes early, it checks the clock again.
                let waited = self.over.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            next = Instant::now() + rhythm;
            let (now, ops) = (Instant::now(), meter::ops());
            let line = state.line(now, ops);
            match bar {
                Some(bar) => {
                    bar.set_position(state.position(now));
                    bar.set_message(line.words());
                }
                None => note(&serde_json::to_string(&line).expect("a plain struct serialises")),
            }
            state.see(now, ops, window);
        }
    }
}

impl State {
    fn new(total: u32, each: Option<Duration>, now: Instant) -> Self {
        Self {
            began: now,
            done: 0,
            total,
            each,
            now: None,
            violations: 0,
            seen: VecDeque::from([(now, meter::ops())]),
            is_over: false,
        }
    }

    /// Remembers a look, and so many.
    fn see(&mut self, now: Instant, ops: u64, window: usize) {
        self.seen.push_back((now, ops));
        while self.seen.len() > window {
            self.seen.pop_front();
        }
    }

    /// Runs done, with the part of the present one that seems to be done.
    fn runs(&self, now: Instant) -> f64 {
        let mean = || {
            let before = self.now.as_ref().map_or(now, |(_, began)| *began);
            (self.done > 0).then(|| (before - self.began) / self.done)
        };
        let part = match (&self.now, self.each.or_else(mean)) {
            (Some((_, began)), Some(each)) if !each.is_zero() => {
                // It may take longer, and is not done before it says so.
                ((now - *began).as_secs_f64() / each.as_secs_f64()).min(0.99)
            }
            _ => 0.0,
        };
        f64::from(self.done) + part
    }

    /// Of the bar.
    fn position(&self, now: Instant) -> u64 {
        let part = self.runs(now) - f64::from(self.done);
        let marks = (1..=MARKS).take_while(|mark| f64::from(*mark) <= part * f64::from(MARKS));
        u64::from(self.done) * u64::from(MARKS) + marks.count() as u64
    }

    fn line(&self, now: Instant, ops: u64) -> Line<'_> {
        let elapsed = (now - self.began).as_secs_f64();
        let runs = self.runs(now);
        let rate = self.seen.front().map(|(then, before)| {
            let seconds = (now - *then).as_secs_f64();
            if seconds > 0.0 { ops.saturating_sub(*before) as f64 / seconds } else { 0.0 }
        });
        let left = (f64::from(self.total) - runs).max(0.0);
        Line {
            elapsed_s: elapsed,
            runs_done: self.done,
            runs: self.total,
            now: self.now.as_ref().map(|(what, _)| &**what),
            ops,
            ops_per_s: rate.unwrap_or(0.0),
            violations: self.violations,
            eta_s: (runs > 0.0).then(|| elapsed / runs * left),
        }
    }
}

impl Line<'_> {
    /// For people.
    fn words(&self) -> String {
        let Self { runs_done, runs, violations, .. } = self;
        let left = match self.eta_s.map(Duration::try_from_secs_f64) {
            Some(Ok(left)) => format!("{} left", indicatif::HumanDuration(left)),
            _ => "time left unknown".to_owned(),
        };
        let what = self.now.unwrap_or_default();
        let plural = if *violations == 1 { "" } else { "s" };
        format!(
            "{runs_done}/{runs}, {:.1} Mop/s, {violations} violation{plural}, {left}: {what}",
            self.ops_per_s / 1e6
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_left_is_told_from_runs_done_and_the_part_of_the_present_one() {
        let start = Instant::now();
        let mut state = State::new(4, Some(2 * SECOND), start);
        assert_eq!(state.line(start, 0).eta_s, None, "nothing is known at first");
        state.now = Some(("a".into(), start));
        let line = state.line(start + SECOND, 0);
        assert!((line.eta_s.expect("half a run") - 7.0).abs() < 1e-9, "{line:?}");
        assert_eq!(state.position(start + SECOND), 50);

        // Without a time per run the mean of those that are done stands for it.
        state.each = None;
        (state.done, state.now) = (1, Some(("b".into(), start + 4 * SECOND)));
        let line = state.line(start + 6 * SECOND, 0);
        assert!((line.eta_s.expect("one and a half") - 10.0).abs() < 1e-9, "{line:?}");
        let late = state.line(start + 60 * SECOND, 0);
        assert!(late.eta_s > Some(0.0), "a run that takes longer is not done");
    }

    #[test]
    fn the_rate_is_that_of_the_last_looks() {
        let start = Instant::now();
        let mut state = State::new(1, None, start);
        state.seen = VecDeque::from([(start, 100)]);
        let rate = |state: &State, at, ops| state.line(at, ops).ops_per_s.round();
        assert_eq!(rate(&state, start + SECOND, 600).to_bits(), 500.0_f64.to_bits());
        state.see(start + SECOND, 600, 1);
        assert_eq!(rate(&state, start + 3 * SECOND, 800).to_bits(), 100.0_f64.to_bits());
        assert_eq!(rate(&state, start + SECOND, 600).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_line_is_json_and_words() {
        let start = Instant::now();
        let mut state = State::new(2, Some(SECOND), start);
        state.seen = VecDeque::from([(start, 0)]);
        (state.now, state.violations) = (Some(("Locked churn x2".into(), start)), 1);
        let line = state.line(start + SECOND / 2, 2_000_000);
        let json = serde_json::to_value(&line).expect("JSON");
        assert_eq!((&json["runs"], &json["violations"]), (&2.into(), &1.into()));
        assert_eq!(json["now"], "Locked churn x2");
        let words = line.words();
        for word in ["0/2", "4.0 Mop/s", "1 violation,", "left", "Locked churn x2"] {
            assert!(words.contains(word), "{word}: {words}");
        }
    }
}
