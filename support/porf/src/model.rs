//! Runs models.

use core::panic::Location;
use core::time::Duration;
use std::path::PathBuf;

use crate::graph::MAX_THREADS;
use crate::rt::{self, Guide, Heard, Options, Place, is_running, with};

pub use crate::graph::{EventKind, EventView, GraphView};
pub use crate::rt::{Awaits, Limit, Report, Standstill, Stops, Told, Verdict, Waiter};

/// Settings of an exploration. The fields that loom has too have loom's names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Builder {
    /// The most threads, the first one included.
    pub max_threads: usize,
    /// The most events of one execution.
    pub max_branches: usize,
    /// How many threads of the system explore the model, each another part of it. By default as
    /// many as the environment variable `PORF_WORKERS` says, or one. What is explored and reported is
    /// the same with any number. With more than one, several runs of the model's closure happen at
    /// the same time, so what it does outside of the model (to a counter in a plain static, say)
    /// must allow for that.
    pub workers: Option<usize>,
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
    /// Which threads are stopped for ever, one in an execution, before each of their steps. The
    /// others must come to their end nevertheless: the chapter on progress of the
    /// [crate's documentation](crate).
    pub stops: Stops,
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
            workers: None,
            max_permutations: None,
            max_duration: None,
            max_memory_bytes: None,
            spurious_failures: false,
            check_duplicates: cfg!(debug_assertions),
            stops: Stops::Nobody,
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
    /// If an execution fails, if a limit ended the exploration before it had run all, or if threads
    /// are to be [stopped](Self::stops) and none could be.
    #[track_caller]
    pub fn check(&self, f: impl Fn() + Sync + Send + 'static) {
        let report = self.run(Location::caller(), f);
        if let Verdict::NotFinished(limit) = report.verdict {
            let runs = report.executions;
            panic!("not finished, and therefore not passed, after {runs} executions: {limit}");
        }
        let stops = self.stops != Stops::Nobody;
        assert!(!stops || report.stopped > 0, "no execution has a thread that could be stopped");
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
    pub fn explore_outcomes<T: Send + 'static>(
        &self,
        f: impl Fn() -> T + Sync + Send + 'static,
        mut told: impl FnMut(Told<T>),
    ) -> Report {
        rt::explore(&self.options(), Location::caller(), f, &mut |heard| match heard {
            Heard::Execution(outcome) => told(Told::Execution(outcome)),
            Heard::Anew => told(Told::Anew),
            Heard::Standstill(_) => {}
        })
    }

    /// As [`explore`](Self::explore), and an execution in which threads wait for ever because of
    /// a [stopped](Self::stops) one is no failure. Returns what is different among these: who is
    /// stopped where, and who waits for what.
    ///
    /// # Panics
    /// If an execution fails for another reason.
    #[track_caller]
    pub fn explore_standstills(
        &self,
        f: impl Fn() + Sync + Send + 'static,
    ) -> (Report, Vec<Standstill>) {
        let mut all: Vec<Standstill> = Vec::new();
        let mut each = |heard| match heard {
            Heard::Standstill(standstill) if !all.contains(&standstill) => all.push(standstill),
            Heard::Anew => all.clear(),
            _ => {}
        };
        let options = Options { tells_standstills: true, ..self.options() };
        let report = rt::explore(&options, Location::caller(), f, &mut each);
        (report, all)
    }

    fn run(&self, place: Place, f: impl Fn() + Sync + Send + 'static) -> Report {
        rt::explore(&self.options(), place, f, &mut |_| ())
    }

    fn options(&self) -> Options {
        let most = u16::MAX.into();
        let guide = guide();
        Options {
            // One execution has no parts.
            workers: if guide.is_some() { 1 } else { self.workers.unwrap_or_else(workers).max(1) },
            max_threads: self.max_threads.min(MAX_THREADS),
            max_events: self.max_branches.min(most),
            max_executions: self.max_permutations.map(|most| most as u64),
            max_duration: self.max_duration,
            max_memory_bytes: self.max_memory_bytes,
            spurious_failures: self.spurious_failures,
            check_duplicates: self.check_duplicates,
            stops: self.stops.clone(),
            tells_standstills: false,
            guide,
        }
    }
}

/// How many workers the environment asks for.
///
/// # Panics
/// If it does not say a number.
fn workers() -> usize {
    let Ok(text) = std::env::var("PORF_WORKERS") else { return 1 };
    text.parse().unwrap_or_else(|_| panic!("PORF_WORKERS is no number: {text}"))
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
    with(|rt| rt.replay_line())
}

/// Says what the current thread does from now on, for the report of a thread that is stopped or
/// waits. It is no step of the model.
///
/// # Panics
/// Outside of a model.
pub fn operation(name: &'static str) {
    assert!(is_running(), "there is a thread only in a model");
    with(|rt| rt.threads[rt.current].operation = Some(name));
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
