//! Generates candidates and keeps the consistent ones.
//!
//! A candidate is a trace per thread, a source of the same value for each read, and an order of the
//! writes of each location that begins with the initial one.

use std::collections::BTreeMap;

use super::axioms::Sourced;
use super::change::Change;
use super::event::{Event, Kind};
use super::execution::{Executions, Graph, Outcome};
use super::relation::Relation;
use super::trace::{self, Trace};
use crate::program::Program;

/// All executions that RC11 allows.
///
/// # Panics
/// If an execution has more than 64 events, an RMW counted as two.
#[must_use]
pub fn executions(program: &Program) -> Executions {
    executions_with(program, None)
}

/// All executions that a deliberately wrong model allows.
///
/// # Panics
/// If an execution has more than 64 events, an RMW counted as two.
#[must_use]
pub fn executions_with(program: &Program, change: Option<Change>) -> Executions {
    let mut executions = Executions::default();
    let traces = trace::of_program(program, usize::MAX).expect("there is no limit");
    let mut choice = vec![0; traces.len()];
    loop {
        let chosen: Vec<&Trace> = traces.iter().zip(&choice).map(|(all, i)| &all[*i]).collect();
        if every_read_has_a_source(&chosen) {
            Candidate::new(program.locations(), &chosen).explore(change, &mut executions);
        }
        // The next choice, counting as an odometer does.
        let Some(turned) = (0..traces.len()).find(|t| choice[*t] + 1 < traces[*t].len()) else {
            return executions;
        };
        choice[turned] += 1;
        choice[..turned].fill(0);
    }
}

/// How many combinations of traces and modification orders a program has at most; `None` if a thread
/// has more than `limit` traces.
#[must_use]
pub fn effort(program: &Program, limit: usize) -> Option<u64> {
    let mut most = 1_u64;
    let mut writes: BTreeMap<usize, u64> = BTreeMap::new();
    for traces in trace::of_program(program, limit)? {
        most = most.saturating_mul(traces.len() as u64);
        let longest = traces.iter().max_by_key(|trace| trace.events.len());
        for event in longest.iter().flat_map(|trace| &trace.events) {
            if event.kind == Kind::Write {
                *writes.entry(event.location).or_default() += 1;
            }
        }
    }
    let orders = writes.values().map(|n| (1..=*n).product::<u64>());
    Some(orders.fold(most, u64::saturating_mul))
}

/// Whether each value that is read is also written, or zero.
fn every_read_has_a_source(traces: &[&Trace]) -> bool {
    let events = || traces.iter().flat_map(|trace| &trace.events);
    events().filter(|event| event.kind == Kind::Read).all(|read| {
        read.value == 0
            || events().any(|e| {
                e.kind == Kind::Write && e.location == read.location && e.value == read.value
            })
    })
}

/// Every way to take one element of each list.
fn every_choice<T: Clone>(lists: &[Vec<T>]) -> Vec<Vec<T>> {
    lists.iter().fold(vec![Vec::new()], |heads, list| {
        let longer = |head: &Vec<T>| {
            let head = head.clone();
            list.iter().map(move |next| [head.as_slice(), core::slice::from_ref(next)].concat())
        };
        heads.iter().flat_map(longer).collect()
    })
}

/// Every order of the elements.
fn every_order(elements: &[usize]) -> Vec<Vec<usize>> {
    if elements.is_empty() {
        return vec![Vec::new()];
    }
    let first = |i: usize| {
        let mut rest = elements.to_vec();
        let first = rest.remove(i);
        every_order(&rest).into_iter().map(move |tail| [vec![first], tail].concat())
    };
    (0..elements.len()).flat_map(first).collect()
}

/// The events of a candidate whose reads have no source yet.
struct Candidate {
    events: Vec<Event>,
    reads: Vec<Vec<Option<u64>>>,
    locations: usize,
    sb: Relation,
}

impl Candidate {
    /// The initial writes come first, in the order of the locations.
    fn new(locations: usize, traces: &[&Trace]) -> Self {
        let initial = |location| Event {
            step: None,
            kind: Kind::Write,
            location,
            value: 0,
            order: None,
            update: false,
            failed: false,
        };
        let mut events: Vec<Event> = (0..locations).map(initial).collect();
        events.extend(traces.iter().flat_map(|trace| &trace.events));
        let mut sb = Relation::empty(events.len());
        for (i, a) in events.iter().enumerate() {
            for (j, b) in events.iter().enumerate() {
                let ordered = match (a.step, b.step) {
                    (None, Some(_)) => true,
                    (Some(a), Some(b)) => a.thread == b.thread && i < j,
                    _ => false,
                };
                if ordered {
                    sb.add(i, j);
                }
            }
        }
        let reads = traces.iter().map(|trace| trace.reads.clone()).collect();
        Self { events, reads, locations, sb }
    }

    fn positions(&self, which: impl Fn(&Event) -> bool) -> Vec<usize> {
        (0..self.events.len()).filter(|i| which(&self.events[*i])).collect()
    }

    /// For each read the writes that it may read.
    fn sources(&self, reads: &[usize]) -> Vec<Vec<usize>> {
        let sources = |read: &usize| {
            let read = &self.events[*read];
            self.positions(|e| {
                e.kind == Kind::Write && e.location == read.location && e.value == read.value
            })
        };
        reads.iter().map(sources).collect()
    }

    /// The modification orders, per location, without the initial writes.
    fn orders(&self) -> Vec<Vec<Vec<usize>>> {
        let of_location =
            |location| {
                every_order(&self.positions(|e| {
                    e.kind == Kind::Write && e.location == location && e.step.is_some()
                }))
            };
        every_choice(&(0..self.locations).map(of_location).collect::<Vec<_>>())
    }

    /// Looks at every source of every read and every modification order.
    fn explore(&self, change: Option<Change>, executions: &mut Executions) {
        let reads = self.positions(|e| e.kind == Kind::Read);
        let choices = every_choice(&self.sources(&reads));
        let orders = self.orders();
        for sources in choices {
            executions.candidates += 1;
            let mut rf = Relation::empty(self.events.len());
            for (read, source) in reads.iter().zip(&sources) {
                rf.add(*source, *read);
            }
            let sourced = Sourced::new(&self.events, &self.sb, &rf, change);
            if !sourced.is_not_thin_air() {
                continue;
            }
            for order in &orders {
                executions.candidates += 1;
                if sourced.is_consistent(&self.modification_order(order)) {
                    executions.graphs.insert(self.graph(&reads, &sources, order));
                    executions.outcomes.insert(self.outcome(order));
                }
            }
        }
    }

    fn modification_order(&self, orders: &[Vec<usize>]) -> Relation {
        let mut mo = Relation::empty(self.events.len());
        for (initial, order) in orders.iter().enumerate() {
            for (i, earlier) in order.iter().enumerate() {
                mo.add(initial, *earlier);
                for later in &order[i + 1..] {
                    mo.add(*earlier, *later);
                }
            }
        }
        mo
    }

    fn graph(&self, reads: &[usize], sources: &[usize], orders: &[Vec<usize>]) -> Graph {
        let step = |event: usize| self.events[event].step;
        let pair = |(read, source): (&usize, &usize)| Some((step(*read)?, step(*source)));
        let list = |order: &Vec<usize>| order.iter().filter_map(|write| step(*write)).collect();
        Graph {
            reads_from: reads.iter().zip(sources).filter_map(pair).collect(),
            modifications: orders.iter().map(list).collect(),
        }
    }

    fn outcome(&self, orders: &[Vec<usize>]) -> Outcome {
        let last = |order: &Vec<usize>| order.last().map_or(0, |write| self.events[*write].value);
        Outcome { reads: self.reads.clone(), last: orders.iter().map(last).collect() }
    }
}
