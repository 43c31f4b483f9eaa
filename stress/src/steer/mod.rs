//! Mutated pools: jittered threads find the fault, led threads reduce it, and the result is run
//! again.
//!
//! Everything except the command line exists only in a steered build (`stampool_model = "steered"`,
//! by `cargo xtask steered`). There each access of the pool's facade is a point at which a thread
//! may be held up, and a relay leads threads through a given list of preemptions.

mod args;
mod case;
#[cfg(stampool_model = "steered")]
mod check;
#[cfg(stampool_model = "steered")]
mod faulty;
#[cfg(stampool_model = "steered")]
mod hunt;
#[cfg(stampool_model = "steered")]
mod play;
#[cfg(stampool_model = "steered")]
mod reduce;
mod schedule;
#[cfg(stampool_model = "steered")]
mod subjects;

pub use args::{CheckArgs, Mutant, ReproduceArgs, SteerArgs};
pub use case::Case;
pub use schedule::{FORMAT, Finding, Schedule, Switch, Unreadable, nameless};
#[cfg(stampool_model = "steered")]
pub use {
    hunt::{Catch, bare, find},
    play::{Ending, Steering, play},
    reduce::{Reduced, reduce},
};

#[cfg(stampool_model = "steered")]
pub(crate) use {
    check::check,
    hunt::{follow_up, hunt, reproduce},
};

#[cfg(not(stampool_model = "steered"))]
use crate::{
    cli::{Exit, RunArgs},
    oracle::violation::Violation,
    scenario::Scenario,
};

/// Jitters the threads of the process from here on, in a steered build.
pub(crate) fn begin(seed: u64) {
    #[cfg(stampool_model = "steered")]
    steered::jitter(Some(seed));
    #[cfg(not(stampool_model = "steered"))]
    let _: u64 = seed;
}

/// What a build that is not steered says.
#[cfg(not(stampool_model = "steered"))]
const UNSTEERED: &str = "this needs a steered build: cargo xtask steered -- (the same arguments)";

/// Makes small what an ordinary run found: only a steered build can.
#[cfg(not(stampool_model = "steered"))]
pub(crate) fn follow_up(_args: &RunArgs, _strategy: &str, _scenario: Scenario, _found: &Violation) {
}

/// `run --mutant`: looks for the fault until it is found and made small.
#[cfg(not(stampool_model = "steered"))]
pub(crate) fn hunt(_args: &RunArgs, _mutant: Mutant) -> Exit {
    unsteered()
}

/// `reproduce`: runs a schedule again.
#[cfg(not(stampool_model = "steered"))]
pub(crate) fn reproduce(_args: &ReproduceArgs) -> Exit {
    unsteered()
}

/// `steer-check`: every mutant must be found, made small and found again.
#[cfg(not(stampool_model = "steered"))]
pub(crate) fn check(_args: &CheckArgs) -> Exit {
    unsteered()
}

#[cfg(not(stampool_model = "steered"))]
fn unsteered() -> Exit {
    eprintln!("error: {UNSTEERED}");
    Exit::Usage
}
