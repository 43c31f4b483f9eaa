//! Workers that explore one model together.
//!
//! A choice and its graph say everything about the executions behind it, so any worker can take
//! any. Each worker explores what it has, newest choice first. When another one has nothing to do,
//! it gives away its oldest choices, because most executions lie behind these.
//!
//! What has to be the same in all executions is kept here, for all workers: the numbers of threads
//! and of statics, and which loops are unrolled. If a worker finds a loop that must be unrolled, all
//! of them begin anew: a new generation.

use core::any::Any;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::choice::Choice;
use super::trial::Known;
use super::{Limit, Options, Report, Verdict};
use crate::graph::Graph;

/// How many runs lie between two looks at the clock.
const RUNS_BETWEEN_LOOKS: u64 = 64;

/// The numbers that threads and statics have, in all executions of a generation.
#[derive(Default)]
pub(crate) struct Names {
    /// The numbers of spawned threads, from 1: who spawns it, and how many that thread has spawned
    /// before.
    pub(crate) children: Vec<(usize, usize)>,
    /// The addresses of the statics that have a location, in the order of their first use.
    pub(crate) statics: Vec<usize>,
}

/// A worker's copy of the names, and the way to those that other workers gave.
#[derive(Default)]
pub(crate) struct OwnNames {
    own: Names,
    all: Arc<Mutex<Names>>,
}

impl OwnNames {
    /// The number of a thread: its place in the list, from 0.
    pub(crate) fn child(&mut self, key: (usize, usize)) -> usize {
        number(&self.all, &mut self.own, key, |names| &mut names.children)
    }

    /// The number of a static, from 0.
    pub(crate) fn of_static(&mut self, address: usize) -> usize {
        number(&self.all, &mut self.own, address, |names| &mut names.statics)
    }
}

/// The place of `key` in a list of names. The worker's own list is the beginning of everybody's.
fn number<T: Copy + PartialEq>(
    all: &Mutex<Names>,
    own: &mut Names,
    key: T,
    list: impl Fn(&mut Names) -> &mut Vec<T>,
) -> usize {
    let own = list(own);
    if let Some(known) = own.iter().position(|&other| other == key) {
        return known;
    }
    let mut all = locked(all);
    let all = list(&mut all);
    let place = all.iter().position(|&other| other == key).unwrap_or_else(|| {
        all.push(key);
        all.len() - 1
    });
    own.clone_from(all);
    place
}

/// A part of the exploration that no worker has begun.
pub(crate) struct Package {
    pub(crate) graph: Graph,
    pub(crate) choices: Vec<Choice>,
}

impl Package {
    /// The whole exploration: a run along the empty graph.
    fn whole() -> Self {
        Self { graph: Graph::default(), choices: Vec::new() }
    }
}

/// What a worker begins with.
pub(super) struct Start {
    pub(super) package: Package,
    pub(super) known: Known,
    pub(super) names: OwnNames,
    pub(super) generation: u64,
}

/// What a worker did with a package.
#[derive(Default)]
pub(super) struct Done {
    pub(super) report: Option<Report>,
    /// Fingerprints of the graphs, if they are kept.
    pub(super) seen: HashSet<u64>,
}

/// Why the exploration ends before everything is explored.
enum Cut {
    Limit(Limit),
    /// An execution failed, or a worker.
    Failure(Box<dyn Any + Send>),
}

struct State {
    packages: Vec<Package>,
    busy: usize,
    generation: u64,
    known: Known,
    names: Arc<Mutex<Names>>,
    report: Report,
    seen: HashSet<u64>,
    cut: Option<Cut>,
}

/// All workers of an exploration.
pub(super) struct Team {
    state: Mutex<State>,
    wake: Condvar,
    /// Workers that wait for a package.
    idle: AtomicUsize,
    /// Changes when workers must look whether to go on: at a new generation, and at the end.
    news: AtomicU64,
    /// Runs of this generation.
    runs: AtomicU64,
    /// The size of the graphs that wait, by worker.
    bytes: Vec<AtomicUsize>,
    began: Instant,
}

impl Team {
    pub(super) fn new(workers: usize) -> Self {
        let state = State {
            packages: vec![Package::whole()],
            busy: 0,
            generation: 0,
            known: Known::default(),
            names: Arc::default(),
            report: Report::START,
            seen: HashSet::new(),
            cut: None,
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            idle: AtomicUsize::new(0),
            news: AtomicU64::new(0),
            runs: AtomicU64::new(0),
            bytes: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
            began: Instant::now(),
        }
    }

    /// A package, which the worker must [hand back](Self::finish). Waits while others may still give
    /// one away; `None` when nothing is left.
    pub(super) fn take(&self) -> Option<Start> {
        let mut state = locked(&self.state);
        loop {
            if state.cut.is_some() {
                return None;
            }
            if let Some(package) = state.packages.pop() {
                state.busy += 1;
                return Some(Start {
                    package,
                    known: state.known.clone(),
                    names: OwnNames { all: Arc::clone(&state.names), ..OwnNames::default() },
                    generation: state.generation,
                });
            }
            if state.busy == 0 {
                return None;
            }
            self.idle.fetch_add(1, Relaxed);
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Relaxed);
        }
    }

    /// Whether another worker has nothing to do.
    pub(super) fn wants(&self) -> bool {
        self.idle.load(Relaxed) > 0
    }

    /// Gives away a part of what a worker of `generation` has.
    pub(super) fn give(&self, generation: u64, package: Package) {
        let mut state = locked(&self.state);
        if state.generation == generation {
            state.packages.push(package);
            self.wake.notify_one();
        }
    }

    /// A number that changes when a worker must ask [`goes_on`](Self::goes_on).
    pub(super) fn news(&self) -> u64 {
        self.news.load(Relaxed)
    }

    /// Whether a worker of `generation` goes on with what it has.
    pub(super) fn goes_on(&self, generation: u64) -> bool {
        let state = locked(&self.state);
        state.cut.is_none() && state.generation == generation
    }

    /// Takes what a worker did with a package of `generation`.
    ///
    /// # Panics
    /// If two workers made the same graph.
    pub(super) fn finish(&self, generation: u64, done: Done) {
        let mut state = locked(&self.state);
        state.busy -= 1;
        if state.generation == generation {
            if let Some(report) = done.report {
                state.report.add(&report);
            }
            let graphs = state.seen.len() + done.seen.len();
            state.seen.extend(done.seen);
            let new = state.seen.len() == graphs;
            assert!(new, "porf: a graph was explored twice, by two workers");
        }
        if state.busy == 0 {
            self.wake.notify_all();
        }
    }

    /// Begins anew, with what a worker of `generation` knows now, unless another worker has done so
    /// meanwhile. Returns the present generation.
    pub(super) fn begin_anew(&self, generation: u64, known: Known) -> u64 {
        let mut state = locked(&self.state);
        if state.generation == generation {
            state.known = known;
            state.generation += 1;
            state.packages = vec![Package::whole()];
            state.names = Arc::default();
            state.report = Report::START;
            state.seen.clear();
            self.runs.store(0, Relaxed);
            self.tell();
        }
        state.generation
    }

    /// Counts a run, and tells which limit it reaches. `waits`: the size of the graphs that wait with
    /// the worker of this number, in bytes; 0 if none does.
    pub(super) fn limit(&self, worker: usize, options: &Options, waits: usize) -> Option<Limit> {
        let runs = self.runs.fetch_add(1, Relaxed) + 1;
        if let Some(most) = options.max_executions.filter(|&most| runs >= most) {
            let state = locked(&self.state);
            let is_more = waits > 0 || state.busy > 1 || !state.packages.is_empty();
            return is_more.then_some(Limit::Executions(most));
        }
        self.bytes[worker].store(waits, Relaxed);
        if !runs.is_multiple_of(RUNS_BETWEEN_LOOKS) {
            return None;
        }
        if let Some(most) = options.max_duration.filter(|&most| self.began.elapsed() >= most) {
            return Some(Limit::Duration(most));
        }
        let bytes: usize = self.bytes.iter().map(|bytes| bytes.load(Relaxed)).sum();
        options.max_memory_bytes.filter(|&most| bytes > most).map(Limit::MemoryBytes)
    }

    /// Ends the exploration because of a limit.
    pub(super) fn stop(&self, limit: Limit) {
        self.cut(Cut::Limit(limit), "");
    }

    /// Ends the exploration with what an execution panicked with, or a worker, and prints `text`. Of
    /// several failures the first one counts.
    pub(super) fn fail(&self, payload: Box<dyn Any + Send>, text: &str) {
        self.cut(Cut::Failure(payload), text);
    }

    fn cut(&self, cut: Cut, text: &str) {
        let mut state = locked(&self.state);
        if state.cut.is_none() {
            if !text.is_empty() {
                eprintln!("{text}");
            }
            state.cut = Some(cut);
            self.tell();
        }
    }

    /// Makes all workers look whether to go on.
    fn tell(&self) {
        self.news.fetch_add(1, Relaxed);
        self.wake.notify_all();
    }

    /// What all workers did together.
    ///
    /// # Errors
    /// What a failed execution panicked with.
    pub(super) fn report(self) -> Result<Report, Box<dyn Any + Send>> {
        let State { cut, report, .. } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match cut {
            None => Ok(report),
            Some(Cut::Limit(limit)) => {
                Ok(Report { verdict: Verdict::NotFinished(limit), ..report })
            }
            Some(Cut::Failure(payload)) => Err(payload),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
