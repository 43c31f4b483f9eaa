//! The kept faults of the core, one file per subject.

mod bump;
mod capacity;
mod checking;
mod edges;
mod family;
mod free_list;
mod general;
mod growth;
mod leases;
mod mediator;
mod per_thread;
mod pool;
mod rundown;
mod side_lists;
mod slab;
mod strategy;
mod tags_and_ends;
mod thread_cache;

use super::Mutant;

/// All mutants. A mutant's number is its place here, counted from one; zero is the shipped code.
pub(crate) fn all() -> Vec<&'static Mutant> {
    [
        bump::MUTANTS,
        capacity::MUTANTS,
        checking::MUTANTS,
        edges::MUTANTS,
        family::MUTANTS,
        rundown::MUTANTS,
        free_list::MUTANTS,
        general::MUTANTS,
        growth::MUTANTS,
        leases::MUTANTS,
        mediator::MUTANTS,
        per_thread::MUTANTS,
        pool::MUTANTS,
        side_lists::MUTANTS,
        strategy::MUTANTS,
        tags_and_ends::MUTANTS,
        thread_cache::MUTANTS,
        slab::MUTANTS,
    ]
    .into_iter()
    .flatten()
    .collect()
}
