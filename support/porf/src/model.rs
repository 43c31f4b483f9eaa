//! Runs models.

use core::cell::RefCell;
use core::panic::Location;
use core::time::Duration;
use std::path::PathBuf;
use std::rc::Rc;

use crate::graph::MAX_THREADS;
use crate::rt::{self, Guide, Options, Place, is_running, with};

pub use crate::graph::{EventKind, EventView, GraphView};
pub use crate::rt::{Limit, Report, Told, Verdict};

/// Settings of an exploration. The fields that loom has too have loom's names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Builder {
    /// The most threads, the first one included.
    pub max_threads: usize,
    /// The most events of one execution.
    pub max_branches: usize,
    /// Stop after so many executions.
    pub max_permutations: Option<usize>,
    /// Stop after so much time.
    pub max_duration: Option<Duration>,
    /// Stop if the graphs that wait take more memory.
    pub max_memory_bytes: Option<usize>,
    /// Whether a `compare_exchange_weak` may fail without a reason.
    pub spurious_failures: bool,
    /// Whether the exploration asserts that it makes no graph twice. It remembers 8 bytes for each
    /// graph. On in debug builds.
    pub check_duplicates: bool,
    /// Changes nothing: all executions are explored.
    pub preemption_bound: Option<usize>,
    /// Changes nothing: there are no checkpoints.
    pub checkpoint_file: Option<PathBuf>,
    /// Changes nothing.
    pub checkpoint_interval: usize,
    /// Changes nothing: everything is explored.
    pub expect_explicit_explore: bool,
    /// Changes nothing: a failure always tells source lines.
    pub location: bool,
    /// Changes nothing.
    pub log: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            max_threads: MAX_THREADS,
            max_branches: 10_000,
            max_permutations: None,
            max_duration: None,
            max_memory_bytes: None,
            spurious_failures: false,
            check_duplicates: cfg!(debug_assertions),
            preemption_bound: None,
            checkpoint_file: None,
            checkpoint_interval: 20_000,
            expect_explicit_explore: false,
            location: false,
            log: false,
        }
    }
}

impl Builder {
    /// Settings without limits, apart from the number of threads and of events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes nothing: there are no checkpoints.
    pub fn checkpoint_file(&mut self, file: &str) -> &mut Self {
        self.checkpoint_file = Some(file.into());
        self
    }

    /// Runs every execution of the model.
    ///
    /// # Panics
    /// If an execution fails, and also if a limit ended the exploration before it had run all.
    #[track_caller]
    pub fn check(&self, f: impl Fn() + Sync + Send + 'static) {
        let report = self.run(Location::caller(), f);
        if let Verdict::NotFinished(limit) = report.verdict {
            let runs = report.executions;
            panic!("not finished, and therefore not passed, after {runs} executions: {limit}");
        }
    }

    /// Runs executions of the model until all have run or a limit is reached, and tells which.
    ///
    /// # Panics
    /// If an execution fails.
    #[track_caller]
    pub fn explore(&self, f: impl Fn() + Sync + Send + 'static) -> Report {
        self.run(Location::caller(), f)
    }

    /// As [`explore`](Self::explore), and hands on what the closure returned in each execution that
    /// the report counts. A run that is blocked, that only tests a loop, or that the exploration
    /// gives up has no outcome.
    ///
    /// An outcome must own nothing of the model, because it outlives the execution.
    ///
    /// # Panics
    /// If an execution fails.
    #[track_caller]
    pub fn explore_outcomes<T: 'static>(
        &self,
        f: impl Fn() -> T + Sync + Send + 'static,
        mut told: impl FnMut(Told<T>),
    ) -> Report {
        let last = Rc::new(RefCell::new(None));
        let kept = Rc::clone(&last);
        let program = move || {
            kept.take();
            let outcome = f();
            kept.replace(Some(outcome));
        };
        let mut each = |told_now| match told_now {
            Told::Execution(()) => {
                told(Told::Execution(last.take().expect("a complete run has an outcome")));
            }
            Told::Anew => told(Told::Anew),
        };
        rt::explore(self.options(), Location::caller(), Rc::new(program), &mut each)
    }

    fn run(&self, place: Place, f: impl Fn() + 'static) -> Report {
        rt::explore(self.options(), place, Rc::new(f), &mut |_| ())
    }

    fn options(&self) -> Options {
        let most = u16::MAX.into();
        Options {
            max_threads: self.max_threads.min(MAX_THREADS),
            max_events: self.max_branches.min(most),
            max_executions: self.max_permutations.map(|most| most as u64),
            max_duration: self.max_duration,
            max_memory_bytes: self.max_memory_bytes,
            spurious_failures: self.spurious_failures,
            check_duplicates: self.check_duplicates,
            guide: guide(),
        }
    }
}

/// The execution that the environment names.
fn guide() -> Option<Guide> {
    let line = std::env::var("PORF_REPLAY").ok()?;
    let guide = Guide::parse(&line);
    Some(guide.unwrap_or_else(|| panic!("PORF_REPLAY names no execution: {line}")))
}

/// Runs every execution of the model.
///
/// # Panics
/// If an execution fails, or if an execution is too long.
#[track_caller]
pub fn model(f: impl Fn() + Sync + Send + 'static) {
    Builder::new().check(f);
}

/// What `PORF_REPLAY` must be set to, to run the current execution alone, as far as it has come.
///
/// # Panics
/// Outside of a model.
#[must_use]
pub fn replay_line() -> String {
    assert!(is_running(), "there is an execution only in a model");
    with(|rt| Guide::of(&rt.graph).line())
}

/// Leaves executions out in which `holds` is false: the thread stops, and the execution counts as
/// blocked.
pub fn assume(holds: bool) {
    rt::spin::assume(holds);
}

/// The graph of the current execution, as far as it has come.
///
/// # Panics
/// Outside of a model.
#[must_use]
pub fn graph() -> GraphView {
    assert!(is_running(), "there is a graph only in a model");
    with(|rt| rt.graph.view())
}
