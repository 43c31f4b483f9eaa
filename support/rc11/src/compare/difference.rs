//! What a checker misses, and what it invents.

use core::any::Any;
use core::fmt;
use core::panic::AssertUnwindSafe;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use super::checker::{Checker, Reported};
use super::interpret::interpret;
use super::seen::translate;
use crate::model::{Executions, Graph, Outcome};
use crate::program::Program;

/// Where a checker and the enumerator differ. Everything is empty if they agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Outcomes that the checker misses.
    pub missing_outcomes: Vec<Outcome>,
    /// Outcomes that the memory model does not allow.
    pub extra_outcomes: Vec<Outcome>,
    /// Execution graphs that the checker misses, if it shows its graphs.
    pub missing_graphs: Vec<Graph>,
    /// Execution graphs that are not consistent.
    pub extra_graphs: Vec<Graph>,
    /// Execution graphs that it explored more than once, with how often.
    pub doubled_graphs: Vec<(Graph, u64)>,
    /// What it reports as the number of executions, and what it is, if the two differ.
    pub executions: Option<(u64, u64)>,
    /// With what it failed.
    pub failure: Option<String>,
}

impl Difference {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            self.missing_outcomes.iter().map(|o| format!("missing outcome: {o}")).collect(),
            self.extra_outcomes.iter().map(|o| format!("extra outcome: {o}")).collect(),
            self.missing_graphs.iter().map(|g| format!("missing graph: {g}")).collect(),
            self.extra_graphs.iter().map(|g| format!("extra graph: {g}")).collect(),
            self.doubled_graphs.iter().map(|(g, n)| format!("{n} times: {g}")).collect(),
            self.executions.iter().map(|(n, m)| format!("{n} executions instead of {m}")).collect(),
            self.failure.iter().map(|text| format!("failed: {text}")).collect::<Vec<_>>(),
        ];
        f.write_str(&lines.concat().join("\n"))
    }
}

/// What the executions showed so far.
#[derive(Default)]
struct Collected {
    outcomes: BTreeSet<Outcome>,
    graphs: BTreeMap<Graph, u64>,
    failure: Option<String>,
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or("a panic".to_owned())
}

/// Compares what `C` finds with what there is, and gives what it reported about its run. How many
/// executions it gave up is no difference.
///
/// Checkers that do not report a number of executions, or do not show their graphs, are compared in
/// the rest.
#[must_use]
pub fn compare<C: Checker>(program: &Program, executions: &Executions) -> (Difference, Reported) {
    let collected = Arc::new(Mutex::new(Collected::default()));
    let model = {
        let (program, collected) = (program.clone(), Arc::clone(&collected));
        move || {
            let outcome = interpret::<C>(&program);
            let graph = C::graph().map(|seen| translate(&seen, &program, &outcome));
            let mut collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
            match graph {
                Some(Ok(graph)) => *collected.graphs.entry(graph).or_default() += 1,
                Some(Err(text)) => collected.failure = Some(text),
                None => {}
            }
            collected.outcomes.insert(outcome);
        }
    };
    let reported = catch_unwind(AssertUnwindSafe(|| C::explore(model)));
    let collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
    let mut difference = judge(&collected, executions);
    let expected = executions.graphs.len() as u64;
    match reported {
        Ok(reported) => {
            let number = reported.executions.filter(|number| *number != expected);
            difference.executions = number.map(|number| (number, expected));
            (difference, reported)
        }
        Err(panic) => {
            difference.failure = Some(message(&*panic));
            (difference, Reported::default())
        }
    }
}

/// The number of executions that a checker reports for a program.
#[must_use]
pub fn count_executions<C: Checker>(program: &Program) -> Option<u64> {
    let program = program.clone();
    C::explore(move || drop(interpret::<C>(&program))).executions
}

fn judge(collected: &Collected, executions: &Executions) -> Difference {
    let (seen, real) = (&collected.outcomes, &executions.outcomes);
    let mut difference = Difference {
        missing_outcomes: real.difference(seen).cloned().collect(),
        extra_outcomes: seen.difference(real).cloned().collect(),
        failure: collected.failure.clone(),
        ..Difference::default()
    };
    if !collected.graphs.is_empty() {
        let (seen, real) = (&collected.graphs, &executions.graphs);
        let missing = real.iter().filter(|graph| !seen.contains_key(graph));
        difference.missing_graphs = missing.cloned().collect();
        let extra = seen.keys().filter(|graph| !real.contains(graph));
        difference.extra_graphs = extra.cloned().collect();
        let doubled = seen.iter().filter(|(_, times)| **times > 1);
        difference.doubled_graphs = doubled.map(|(graph, times)| (graph.clone(), *times)).collect();
    }
    difference
}
