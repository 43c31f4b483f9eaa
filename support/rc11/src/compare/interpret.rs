//! Runs a program on a checker.

use std::sync::Arc;

use super::checker::Checker;
use crate::model::Outcome;
use crate::program::{Op, Program, Step};

/// What a thread's reads gave.
fn thread<C: Checker>(steps: &[Step], locations: &[C::Atomic]) -> Vec<Option<u64>> {
    let mut reads = Vec::new();
    let mut last = 0;
    for step in steps {
        if !step.guard.holds(last) {
            reads.extend(step.op.reads().then_some(None));
            continue;
        }
        let found = match step.op {
            Op::Load(at, order) => C::load(&locations[at], order.into()),
            Op::Add(at, value, order) => {
                C::fetch_add(&locations[at], value.given(last), order.into())
            }
            Op::Swap(at, value, order) => C::swap(&locations[at], value.given(last), order.into()),
            Op::Exchange(at, old, new, success, failure) => {
                let (success, failure) = (success.into(), failure.into());
                C::compare_exchange(&locations[at], old, new.given(last), success, failure)
            }
            Op::Store(at, value, order) => {
                C::store(&locations[at], value.given(last), order.into());
                continue;
            }
            Op::Fence(order) => {
                C::fence(order.into());
                continue;
            }
        };
        reads.push(Some(found));
        last = found;
    }
    reads
}

/// One execution of the program: the main thread makes the locations, starts all threads, joins
/// them, and reads what the locations hold.
pub(crate) fn interpret<C: Checker>(program: &Program) -> Outcome {
    let locations: Arc<Vec<C::Atomic>> =
        Arc::new((0..program.locations()).map(|_| C::atomic()).collect());
    let start = |steps: &Vec<Step>| {
        let (steps, locations) = (steps.clone(), Arc::clone(&locations));
        C::spawn(move || thread::<C>(&steps, &locations))
    };
    let threads: Vec<C::Thread> = program.threads.iter().map(start).collect();
    let reads = threads.into_iter().map(C::join).collect();
    let relaxed = core::sync::atomic::Ordering::Relaxed;
    let last = locations.iter().map(|atomic| C::load(atomic, relaxed)).collect();
    Outcome { reads, last }
}
