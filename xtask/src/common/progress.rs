//! Progress: a bar on a terminal, plain lines elsewhere.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

/// How far a run with a known number of steps has come. Shared by its workers.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    done: AtomicUsize,
    total: usize,
}

impl Progress {
    /// A run of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
            bar.set_style(style.expect("the template is valid"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, done: AtomicUsize::new(0), total }
    }

    /// One more step is done.
    pub(crate) fn step(&self, what: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1; // a statistic
        match &self.bar {
            Some(bar) => {
                bar.set_message(what.to_string());
                bar.inc(1);
            }
            None => eprintln!("[{done}/{}] {what}", self.total),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
