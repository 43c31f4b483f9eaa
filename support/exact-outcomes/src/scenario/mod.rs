//! Threads that do operations on one structure, and what may come of it.

mod machine;
mod outcome;
mod steps;

pub use steps::Steps;

use core::fmt::Debug;
use core::hash::Hash;
use core::panic::AssertUnwindSafe;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use self::machine::Sequential;
use self::outcome::{Parts, Results};
use crate::checker::Checker;
use crate::difference::Difference;
use crate::explore::{Exploration, panic_message};
use crate::fault::Fault;
use crate::spec;

/// What some threads do with one structure, and what the structure should be: a value `S` that only
/// one thread uses, with a function that does one operation `O` on it and gives the result `R`.
///
/// An outcome is what the operations returned. The specification allows the outcomes of all orders
/// in which the threads' operations can be done, one after the other, each at one stroke.
/// Operations [before](Self::before) the threads and [after](Self::after) them are part of the
/// outcome; what is left in a structure shows by operations after the threads.
///
/// The crate's documentation has an example.
#[derive(Clone, Debug)]
pub struct Scenario<S, O, R> {
    start: S,
    step: fn(&mut S, &O) -> R,
    before: Vec<O>,
    threads: Vec<Vec<O>>,
    after: Vec<O>,
}

impl<S, O, R> Scenario<S, O, R>
where
    S: Clone + Eq + Hash,
    O: Clone + Debug + Send + Sync + 'static,
    R: Debug,
{
    /// No thread yet, and a specification: `step` does one operation on a value that is `start` at
    /// first.
    #[must_use]
    pub fn new(start: S, step: fn(&mut S, &O) -> R) -> Self {
        Self { start, step, before: Vec::new(), threads: Vec::new(), after: Vec::new() }
    }

    /// Adds operations that are over before the threads start.
    #[must_use]
    pub fn before(mut self, ops: impl IntoIterator<Item = O>) -> Self {
        self.before.extend(ops);
        self
    }

    /// Adds a thread with its operations.
    #[must_use]
    pub fn thread(mut self, ops: impl IntoIterator<Item = O>) -> Self {
        self.threads.push(ops.into_iter().collect());
        self
    }

    /// Adds operations that begin when all threads have ended.
    #[must_use]
    pub fn after(mut self, ops: impl IntoIterator<Item = O>) -> Self {
        self.after.extend(ops);
        self
    }

    /// The outcomes that the specification allows.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        let (state, results) = (self.start.clone(), Results::default());
        let parts = &self.parts();
        spec::outcomes(Sequential { state, results, step: self.step, parts }.begin())
    }

    /// Runs the threads on a structure that `make` makes, in each execution that `checker` knows;
    /// `act` does one operation. Compares the outcomes with those that are [allowed](Self::allowed).
    ///
    /// # Errors
    /// If the outcomes differ, an execution fails, or the search did not see everything. If an
    /// outcome that is not allowed was the reason, and the environment names the execution that had
    /// it, then the checker shows this execution.
    pub fn check<C: Checker, T: Send + Sync + 'static>(
        &self,
        checker: &C,
        make: impl Fn() -> T + Send + Sync + 'static,
        act: impl Fn(&T, &O) -> R + Send + Sync + 'static,
    ) -> Result<Exploration, Fault> {
        self.check_threads(checker, make, move |subject, steps| steps.each(|op| act(subject, op)))
    }

    /// As [`check`](Self::check), for a structure of which each thread has something of its own,
    /// such as a handle: `run` is called once in each thread, once before them and once after them.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    ///
    /// # Panics
    /// Never: a panic in the model is a [`Fault`].
    pub fn check_threads<C: Checker, T: Send + Sync + 'static>(
        &self,
        checker: &C,
        make: impl Fn() -> T + Send + Sync + 'static,
        run: impl Fn(&T, Steps<'_, O>) + Send + Sync + 'static,
    ) -> Result<Exploration, Fault> {
        let allowed = self.allowed();
        let replays: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
        let program = Arc::new(Programs {
            before: self.before.clone(),
            threads: self.threads.clone(),
            after: self.after.clone(),
            run,
        });
        let (may, lines) = (allowed.clone(), Arc::clone(&replays));
        let body = move || {
            let outcome = program.execution::<C, T>(make());
            if !may.contains(&outcome) {
                assert!(
                    !C::is_replay(),
                    "the specification does not allow the outcome\n  {outcome}"
                );
                if let Some(line) = C::replay() {
                    lines
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(outcome.clone(), line);
                }
            }
            outcome
        };
        let seen = catch_unwind(AssertUnwindSafe(|| checker.explore(body)));
        let seen = seen.map_err(|panic| {
            Fault::Execution(panic_message(&*panic).unwrap_or("a panic without a message").into())
        })?;
        let seen = seen.map_err(Fault::NotFinished)?;
        let mut difference = Difference::of(&seen, &allowed);
        if !checker.sees_all() {
            difference = difference.forgiving();
        }
        difference.replays =
            core::mem::take(&mut replays.lock().unwrap_or_else(PoisonError::into_inner));
        if !difference.is_empty() {
            return Err(Fault::Outcomes(difference));
        }
        let busy = self.threads.iter().filter(|ops| !ops.is_empty()).count();
        if seen.executions < 2 && busy > 1 {
            return Err(Fault::NothingShared);
        }
        Ok(seen)
    }

    fn parts(&self) -> Parts<'_, O> {
        Parts { before: &self.before, threads: &self.threads, after: &self.after }
    }
}

/// What the threads of one execution do.
struct Programs<O, F> {
    before: Vec<O>,
    threads: Vec<Vec<O>>,
    after: Vec<O>,
    run: F,
}

impl<O: Debug + Send + Sync + 'static, F: Send + Sync + 'static> Programs<O, F> {
    /// Runs one execution and gives its outcome. The calling thread is the first one: a thread less
    /// to search.
    fn execution<C: Checker, T: Send + Sync + 'static>(self: &Arc<Self>, subject: T) -> String
    where
        F: Fn(&T, Steps<'_, O>),
    {
        let subject = Arc::new(subject);
        let mut results =
            Results { before: self.follow(&subject, &self.before), ..Results::default() };
        let others: Vec<C::Thread> = (1..self.threads.len())
            .map(|number| {
                let (program, subject) = (Arc::clone(self), Arc::clone(&subject));
                C::spawn(move || program.follow(&subject, &program.threads[number]))
            })
            .collect();
        results.threads.extend(self.threads.first().map(|ops| self.follow(&subject, ops)));
        results.threads.extend(others.into_iter().map(C::join));
        results.after = self.follow(&subject, &self.after);
        let parts = Parts { before: &self.before, threads: &self.threads, after: &self.after };
        parts.outcome(&results)
    }

    fn follow<T>(&self, subject: &T, ops: &[O]) -> Vec<String>
    where
        F: Fn(&T, Steps<'_, O>),
    {
        let mut results = Vec::new();
        if !ops.is_empty() {
            (self.run)(subject, Steps { ops, results: &mut results });
        }
        assert_eq!(results.len(), ops.len(), "`run` must do each operation: call `Steps::each`");
        results
    }
}
