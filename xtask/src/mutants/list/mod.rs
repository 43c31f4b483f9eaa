//! The kept faults of the core, one file per subject.

mod checking;
mod door;
mod free_list;
mod mediator;
mod per_thread;
mod pool;
mod tags_and_ends;
mod thread_cache;

use super::{Edit, Killer, Mutant};

/// All mutants. A mutant's number is its place here, counted from one; zero is the shipped code.
pub(crate) fn all() -> Vec<&'static Mutant> {
    [
        checking::MUTANTS,
        door::MUTANTS,
        free_list::MUTANTS,
        mediator::MUTANTS,
        per_thread::MUTANTS,
        pool::MUTANTS,
        tags_and_ends::MUTANTS,
        thread_cache::MUTANTS,
    ]
    .into_iter()
    .flatten()
    .collect()
}
