//! Programs of GenMC's tests, with the numbers of executions that GenMC keeps for them.
//!
//! # Source
//! The repository MPI-SWS/genmc at b03f01ed0f34a873f7b8b960313a5279a6c9ab45 (release 0.11.0),
//! `tests/correct/synthetic/NAME` and `tests/correct/data-structures/NAME`. The numbers are those of
//! `expected.rc11.mo.in`: the complete executions that `genmc -rc11` explores, with the options of
//! `args.rc11.mo.in`. The programs are restated in our words; the threads, their accesses and the
//! orderings are the same.
//!
//! # How they are restated
//! - What is not atomic there is relaxed here. Each such access has one source, so the number of
//!   graphs is the same.
//! - `__VERIFIER_assume` is `porf::model::assume`. An execution in which an assumption does not hold
//!   is not counted.
//! - GenMC makes a loop that only waits into an assumption about its last iteration. Here the
//!   thread yields in such a loop, which porf treats alike. Where porf does not recognise that an
//!   iteration only waits, the program says so by an assumption; its comment has the number of
//!   executions without.

mod arrays;
mod case;
mod compare_exchange;
mod counters;
mod exclusion;
mod locks;
mod queues;
mod reads;
mod stacks;
mod threads;

pub use case::Case;
use case::Sizes;

/// Every program in every size.
#[must_use]
pub fn cases() -> Vec<Case> {
    let files = [
        counters::PROGRAMS,
        compare_exchange::PROGRAMS,
        reads::PROGRAMS,
        arrays::PROGRAMS,
        locks::PROGRAMS,
        exclusion::PROGRAMS,
        stacks::PROGRAMS,
        queues::PROGRAMS,
    ];
    files.iter().flat_map(|file| file.iter().flat_map(Sizes::cases)).collect()
}
