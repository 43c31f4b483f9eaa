//! Differential fuzzing: what shuttle's plain search finds, loom's reduced search must find too.
//!
//! shuttle enumerates all sequentially consistent schedules of a random small program. Each of
//! their outcomes is allowed by every memory model, so one that loom does not report is one that
//! loom misses. Beside that, shuttle itself must find exactly what the specification explorer does.

mod generate;

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

use loom_tests::explore::{Bound, explore_loom, panic_message};
use loom_tests::program::{Loom, Program, interpret, sequentially_consistent};

use crate::backend::Shuttle;
use crate::explore::explore_dfs;

pub use generate::generate;

/// What came of one program.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Executions of both checkers.
    pub executions: u64,
    /// Sequentially consistent outcomes.
    pub outcomes: usize,
    /// Those that loom did not see.
    pub missed: Vec<String>,
    /// Anything that is wrong beside: a checker that panicked, a ground truth that is none.
    pub fault: Option<String>,
}

/// Runs `program` on both checkers.
#[must_use]
pub fn compare(program: &Program) -> Comparison {
    catch_unwind(AssertUnwindSafe(|| compare_unguarded(program))).unwrap_or_else(|panic| {
        let fault = format!("a checker panicked: {}", panic_message(&*panic).unwrap_or_default());
        Comparison { fault: Some(fault), ..Comparison::default() }
    })
}

fn compare_unguarded(program: &Program) -> Comparison {
    let shared = Arc::new(program.clone());
    let truth = {
        let program = Arc::clone(&shared);
        explore_dfs(move || interpret::<Shuttle>(&program, true))
    };
    let loom = explore_loom(Bound::Unbounded, move || interpret::<Loom>(&shared, true));
    let specified = sequentially_consistent(program, true);
    let fault = (!truth.finished || !truth.outcomes.keys().eq(&specified))
        .then(|| format!("shuttle saw {:?}, specified are {specified:?}", truth.outcomes.keys()));
    let unseen = truth.outcomes.keys().filter(|outcome| !loom.outcomes.contains_key(*outcome));
    Comparison {
        executions: truth.executions + loom.executions,
        outcomes: truth.outcomes.len(),
        missed: unseen.cloned().collect(),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_missed_where_nothing_is_reduced() {
        let comparison = compare(&"x=1.rlx | x=2.rlx".parse().unwrap());
        assert_eq!((comparison.outcomes, comparison.fault), (2, None));
        assert!(comparison.missed.is_empty());
    }

    #[test]
    fn a_checker_that_panics_is_a_fault() {
        let comparison = compare(&"w+1.rlx | w.rlx".parse().unwrap());
        assert!(comparison.fault.is_some());
    }
}
