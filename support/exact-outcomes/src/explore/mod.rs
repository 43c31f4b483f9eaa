//! Runs a closure under a checker and reports what was explored.
//!
//! The checkers' own entry points read the environment, and what they read can end a run early and
//! look like a pass. Here everything is set in code; an [`Exploration`] says how many executions
//! ran, which outcomes they had, and whether the search came to its end.

mod bound;
mod exploration;
#[cfg(feature = "loom")]
mod loom;
mod panics;
#[cfg(feature = "porf")]
mod porf;
mod recorder;
mod refuse;
#[cfg(feature = "shuttle")]
mod shuttle;

pub use bound::Bound;
pub use exploration::Exploration;
pub use panics::panic_message;
pub use recorder::Recorder;
#[cfg(feature = "harness")]
pub(crate) use recorder::{count, reset_count, so_far};
pub use refuse::refuse_environment;

#[cfg(feature = "loom")]
pub use self::loom::explore_loom;
#[cfg(feature = "porf")]
pub use self::porf::{explore_porf, explore_porf_with};
#[cfg(feature = "shuttle")]
pub use self::shuttle::{explore_dfs, explore_pct, explore_random};

/// Steps that one execution may take. More of them mean a loop that waits for another thread.
#[cfg(any(feature = "loom", feature = "porf"))]
const MAX_BRANCHES: usize = 20_000;
