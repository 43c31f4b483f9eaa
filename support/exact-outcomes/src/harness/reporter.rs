//! A thread that runs beside a search, reports its progress, and stops it at its time limit.
//!
//! The checkers' own limits end a run like a pass. This one ends the process with another exit
//! code. The checkers do not see the thread.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::limits::Limits;
use crate::explore::{self, Exploration};

/// The child's exit code where it came to its time limit.
pub(super) const STOPPED: i32 = 102;
/// Begins a line that tells how far a search is; the number follows.
pub(super) const PROGRESS: &str = "executions so far: ";
/// Time between two checks of the clock.
const LOOK: Duration = Duration::from_millis(100);
/// Checks of the clock between two lines of progress.
const LOOKS_PER_LINE: u32 = 10;

/// The first thread that comes writes the report, and the process ends. So there is exactly one
/// report.
#[derive(Clone, Default)]
pub(super) struct Reporter(Arc<AtomicBool>);

impl Reporter {
    /// Starts the thread that checks the clock.
    pub(super) fn start(limits: Limits) -> Self {
        let reporter = Self::default();
        let beside = reporter.clone();
        let start = Instant::now();
        thread::spawn(move || {
            for look in 1_u32.. {
                thread::sleep(LOOK);
                if limits.parent.is_some_and(|parent| parent.is_gone()) {
                    std::process::exit(1);
                }
                if start.elapsed() >= limits.time {
                    beside.report(&explore::so_far(), STOPPED);
                }
                if limits.progress && look % LOOKS_PER_LINE == 0 {
                    eprintln!("{PROGRESS}{}", explore::count());
                }
            }
        });
        reporter
    }

    /// Writes `seen` and ends the process with `code`. A second thread that comes here only waits.
    pub(super) fn report(&self, seen: &Exploration, code: i32) -> ! {
        // Relaxed: an RMW has one first, and nothing is published by it.
        if self.0.swap(true, Ordering::Relaxed) {
            loop {
                thread::park();
            }
        }
        let report = serde_json::to_string(seen).expect("an exploration is plain data");
        println!("{report}");
        let flushed = io::stdout().flush();
        std::process::exit(if flushed.is_ok() { code } else { 1 });
    }
}
