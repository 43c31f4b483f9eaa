//! shuttle.
//!
//! All three searches are deterministic: the random ones by their seed. So a failing check is
//! reproduced by running it again. What shuttle would read from the environment is refused, for a
//! `SHUTTLE_RANDOM_SEED` would replace the seed without a word.

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

use super::exploration::Exploration;
use super::recorder::Recorder;
use super::refuse::refuse_environment;
use crate::one_at_a_time::{self, execution};

/// Explores all schedules of `body`, depth first.
///
/// # Panics
/// Where an execution panics, or a `SHUTTLE_` variable is set in the environment.
pub fn explore_dfs(body: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    // No limit of iterations: the search ends only when there is nothing left to choose.
    explore(DfsScheduler::new(None, false), None, body)
}

/// Runs `iterations` schedules of `body` with at most `depth - 1` priority changes each.
///
/// # Panics
/// As [`explore_dfs`].
pub fn explore_pct(
    depth: usize,
    iterations: usize,
    seed: u64,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Exploration {
    explore(PctScheduler::new_from_seed(seed, depth, iterations), Some(iterations), body)
}

/// Runs `iterations` random schedules of `body`.
///
/// # Panics
/// As [`explore_dfs`].
pub fn explore_random(
    iterations: usize,
    seed: u64,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Exploration {
    explore(RandomScheduler::new_from_seed(seed, iterations), Some(iterations), body)
}

fn explore(
    scheduler: impl Scheduler + 'static,
    asked: Option<usize>,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Exploration {
    refuse_environment("SHUTTLE_");
    let mut config = Config::new();
    config.max_time = None;
    // On purpose coarser than loom: this warning says that orderings are not modelled.
    config.silence_warnings = true;

    let recorder = Recorder::begin();
    let recorded = recorder.clone();
    let ran = Runner::new(scheduler, config)
        .run(move || recorded.record(execution(one_at_a_time::shuttle, &body)));
    // An execution that was cut off counts for shuttle, but left no outcome.
    let seen = recorder.finish(true);
    let complete = seen.executions == ran as u64 && asked.is_none_or(|asked| asked == ran);
    Exploration { finished: complete, ..seen }
}

#[cfg(test)]
mod tests {
    use shuttle::sync::Arc;
    use shuttle::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn lost_increment() -> String {
        let count = Arc::new(AtomicU64::new(0));
        let other = Arc::clone(&count);
        let increment = |count: &AtomicU64| {
            let seen = count.load(Ordering::SeqCst);
            count.store(seen + 1, Ordering::SeqCst);
        };
        let thread = shuttle::thread::spawn(move || increment(&other));
        increment(&count);
        thread.join().unwrap();
        format!("count {}", count.load(Ordering::SeqCst))
    }

    #[test]
    fn depth_first_finishes_and_sees_both_outcomes() {
        let seen = explore_dfs(lost_increment);
        assert!(seen.finished);
        assert!(seen.outcomes.keys().eq(["count 1", "count 2"]), "{seen:?}");
    }

    #[test]
    fn samples_run_as_often_as_asked_and_repeat_by_seed() {
        let seen = explore_random(50, 7, lost_increment);
        assert_eq!((seen.executions, seen.finished), (50, true));
        assert_eq!(seen, explore_random(50, 7, lost_increment));
        let seen = explore_pct(2, 50, 7, lost_increment);
        assert_eq!((seen.executions, seen.finished), (50, true));
        assert_eq!(seen, explore_pct(2, 50, 7, lost_increment));
    }
}
