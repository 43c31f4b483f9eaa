//! Runs a closure under loom or porf and reports what was explored.
//!
//! loom's own entry points read the environment, and what they read can end a run early and look
//! like a pass. Here everything is set in code; an [`Exploration`] says how many executions ran,
//! which outcomes they had, and whether the search came to its end.

use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Limit;
use serde::{Deserialize, Serialize};

use crate::one_at_a_time::execution;

/// Steps that one execution may take. Above it loom panics: a loop that waits for another thread.
const MAX_BRANCHES: usize = 20_000;

/// How many preemptions loom may put into one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// As many as there are places for: all executions that loom models.
    Unbounded,
    /// At most so many. A bound is a bound: 2 missed outcomes in 93 of 300 small random programs.
    Preemptions(u8),
}

impl From<Bound> for Limit {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::Unbounded => Self::Unbounded,
            Bound::Preemptions(n) => Self::Bounded(n.into()),
        }
    }
}

/// What a checker explored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exploration {
    /// Executions that ran to their end.
    pub executions: u64,
    /// The most events that an execution had; 0 if the checker does not count them.
    #[serde(default)]
    pub events: usize,
    /// How many executions ended in each outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Whether everything was run that was asked for (within the bound, where there is one).
    pub finished: bool,
}

impl Exploration {
    /// Counts one execution that ended in `outcome`.
    pub fn record(&mut self, outcome: String) {
        self.executions += 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }
}

/// Executions recorded by this process: what a child reports when it stops at a violation.
static RECORDED: AtomicU64 = AtomicU64::new(0);

/// Executions recorded since the last [`reset_count`].
pub(crate) fn count() -> u64 {
    RECORDED.load(Ordering::Relaxed) // a statistic
}

/// Begins to count anew.
pub(crate) fn reset_count() {
    RECORDED.store(0, Ordering::Relaxed); // a statistic
}

/// The run under way, for a child that is stopped at its limit.
static UNDER_WAY: Mutex<Option<Recorder>> = Mutex::new(None);

/// What the run under way has seen so far: not finished, whatever it is.
pub(crate) fn so_far() -> Exploration {
    let recorder = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).clone();
    recorder.map(|recorder| recorder.finish(false)).unwrap_or_default()
}

/// A place where the executions of one run leave their outcomes.
///
/// Uses std's mutex on purpose: the checker must not see it.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Exploration>>);

impl Recorder {
    /// For the run that begins now.
    #[must_use]
    pub fn begin() -> Self {
        let recorder = Self::default();
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorder.clone());
        recorder
    }

    /// Counts one execution that ended in `outcome`.
    pub fn record(&self, outcome: String) {
        RECORDED.fetch_add(1, Ordering::Relaxed); // a statistic
        self.0.lock().unwrap_or_else(PoisonError::into_inner).record(outcome);
    }

    /// Forgets what was recorded, for a search that begins anew.
    #[cfg(stampool_model = "porf")]
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Exploration::default();
        reset_count();
    }

    /// What was recorded; the caller says whether the search came to its end.
    #[must_use]
    pub fn finish(&self, finished: bool) -> Exploration {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Exploration { finished, ..seen }
    }
}

/// Explores `body` under loom. Each execution's outcome is the string that `body` returns.
///
/// # Panics
/// Where an execution panics (that is how loom reports a violation), or where a `LOOM_` variable
/// is set in the environment.
pub fn explore_loom(
    bound: Bound,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Exploration {
    refuse_environment("LOOM_");

    let mut builder = loom::model::Builder::new();
    builder.max_threads = loom::MAX_THREADS;
    builder.max_branches = MAX_BRANCHES;
    builder.preemption_bound = match bound {
        Bound::Unbounded => None,
        Bound::Preemptions(n) => Some(n.into()),
    };
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    // loom looks at its limits only when the iteration is a multiple of this: never.
    builder.checkpoint_interval = usize::MAX;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;

    let recorder = Recorder::begin();
    let recorded = recorder.clone();
    builder.check(move || recorded.record(execution(&body)));
    // With the limits out of reach `check` returns only from the end of the search.
    recorder.finish(true)
}

/// Explores `body` under porf, without any bound: every execution of RC11. Each execution's outcome
/// is the string that `body` returns; what a run returns that porf does not count is dropped.
///
/// # Panics
/// If an execution fails, or is longer than a model should be, or if a variable of porf is set in
/// the environment that changes what is run.
#[cfg(stampool_model = "porf")]
pub fn explore_rc11(body: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    use porf::model::{Builder, Told, Verdict};

    refuse_environment("PORF_REPLAY");

    let mut builder = Builder::new();
    builder.max_branches = MAX_BRANCHES;
    builder.check_duplicates = true;
    let recorder = Recorder::begin();
    let report = builder.explore_outcomes(
        move || execution(&body),
        |told| match told {
            Told::Execution(outcome) => recorder.record(outcome),
            Told::Anew => recorder.forget(),
        },
    );
    assert_eq!(report.verdict, Verdict::Exhausted, "not exhausted");
    let exploration = Exploration { events: report.events, ..recorder.finish(true) };
    assert_eq!(report.executions, exploration.executions, "each execution has an outcome");
    exploration
}

/// What a panic said, if it said anything.
#[must_use]
pub fn panic_message(payload: &dyn Any) -> Option<&str> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
}

/// Refuses to run where a variable of a checker is set: it changes what a run means without a trace
/// in its result.
///
/// # Panics
/// Where the name of one begins with `prefix`.
pub fn refuse_environment(prefix: &str) {
    let set: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    assert!(
        set.is_empty(),
        "refusing to run with {} set: the checks are configured in code",
        set.join(", ")
    );
}
