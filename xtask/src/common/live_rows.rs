//! How a run of rows is going: a live table on a terminal, one line per finished row elsewhere.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::Instant;

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressStyle};
use ledger::Row;

use crate::common::row_times::Times;

/// The state of a run, shared by its workers.
pub(crate) struct Live {
    table: Option<(MultiProgress, ProgressBar)>,
    workers: usize,
    total: usize,
    state: Mutex<State>,
}

struct State {
    done: usize,
    /// Seconds of the rows that wait, where an earlier run measured them.
    left: HashMap<String, Option<f64>>,
    running: BTreeMap<String, Running>,
}

struct Running {
    since: Instant,
    /// As in an earlier run.
    takes: Option<f64>,
    line: Option<ProgressBar>,
}

impl Live {
    /// A run of the rows named `keys`.
    pub(crate) fn new(keys: impl Iterator<Item = String>, workers: usize, times: &Times) -> Self {
        let left: HashMap<String, Option<f64>> =
            keys.map(|key| (key.clone(), times.of(&key))).collect();
        let total = left.len();
        let table = stderr().is_terminal().then(|| {
            let table = MultiProgress::new();
            let head = table.add(ProgressBar::new(total as u64));
            head.set_style(style("{bar:30} {elapsed_precise}  {wide_msg}"));
            head.enable_steady_tick(Duration::from_millis(200));
            (table, head)
        });
        let state = State { done: 0, left, running: BTreeMap::new() };
        let live = Self { table, workers, total, state: Mutex::new(state) };
        live.update(|_| ());
        live
    }

    /// A worker begins with a row.
    pub(crate) fn begin(&self, key: &str) {
        self.update(|state| {
            let takes = state.left.remove(key).flatten();
            let line = self.table.as_ref().map(|(table, _)| {
                let line = table.add(ProgressBar::new_spinner());
                line.set_style(style("  {elapsed_precise}  {prefix}  {wide_msg}"));
                line.set_prefix(key.to_string());
                line.enable_steady_tick(Duration::from_secs(1));
                line
            });
            state.running.insert(key.into(), Running { since: Instant::now(), takes, line });
        });
    }

    /// The row has had so many executions.
    pub(crate) fn executions(&self, key: &str, executions: u64) {
        self.update(|state| {
            let Some(Running { takes, line: Some(line), .. }) = state.running.get(key) else {
                return;
            };
            let earlier = takes.map(|takes| format!(" (last time {})", duration(takes)));
            let count = HumanCount(executions);
            line.set_message(format!("{count} executions{}", earlier.unwrap_or_default()));
        });
    }

    /// The row is finished.
    pub(crate) fn finish(&self, row: &Row) {
        let mut done = 0;
        self.update(|state| {
            let running = state.running.remove(&row.key());
            if let Some(line) = running.and_then(|running| running.line) {
                line.finish_and_clear();
            }
            state.done += 1;
            done = state.done;
        });
        let word = match (row.is_ok(), row.is_stopped()) {
            (true, _) => "ok",
            (_, true) => "stopped",
            _ => "BROKEN",
        };
        let (key, executions, seconds) = (row.key(), row.executions, row.seconds);
        let text = format!("{word} {key} ({executions} executions, {seconds:.1} s)");
        match &self.table {
            // On a terminal the table is enough, faults aside.
            Some((table, _)) if !row.is_ok() => _ = table.println(text),
            Some(_) => {}
            None => eprintln!("[{done}/{}] {text}", self.total),
        }
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().expect("no worker panics");
        change(&mut state);
        if let Some((_, head)) = &self.table {
            head.set_position(state.done as u64);
            head.set_message(state.words(self.workers));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some((_, head)) = &self.table {
            head.finish_and_clear();
        }
    }
}

impl State {
    fn words(&self, workers: usize) -> String {
        let running = self.running.values();
        let remaining = running.map(|row| row.takes.map(|s| s - row.since.elapsed().as_secs_f64()));
        let (seconds, untimed) = estimate(remaining.chain(self.left.values().copied()), workers);
        let untimed = match untimed {
            0 => String::new(),
            rows => format!(", never timed: {rows}"),
        };
        let (done, running, left) = (self.done, self.running.len(), self.left.len());
        format!("{done} done, {running} running, {left} left: {}{untimed}", duration(seconds))
    }
}

/// Seconds until the timed ones of these rows are done, and how many were never timed.
fn estimate(rows: impl Iterator<Item = Option<f64>>, workers: usize) -> (f64, usize) {
    let (mut sum, mut longest, mut untimed) = (0.0, 0.0_f64, 0);
    for row in rows {
        match row {
            Some(seconds) => {
                sum += seconds.max(0.0);
                longest = longest.max(seconds);
            }
            None => untimed += 1,
        }
    }
    // No count of workers comes near 2^52.
    #[expect(clippy::cast_precision_loss)]
    let workers = workers.max(1) as f64;
    (longest.max(sum / workers), untimed)
}

/// `90 s`, `12 min`, `3.5 h`.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_the_longest_row_or_all_of_them_shared_out() {
        let of = |rows: &[Option<f64>]| estimate(rows.iter().copied(), 2);
        assert_eq!(of(&[]), (0.0, 0));
        assert_eq!(of(&[Some(10.0), Some(10.0), Some(20.0), None]), (20.0, 1));
        assert_eq!(of(&[Some(60.0), Some(4.0)]), (60.0, 0));
        // One that takes longer than last time owes nothing to the others.
        assert_eq!(of(&[Some(-50.0), Some(4.0)]), (4.0, 0));
    }

    #[test]
    fn durations_are_short() {
        assert_eq!([9.4, 720.0, 12_600.0].map(duration), ["9 s", "12 min", "3.5 h"]);
    }
}
