//! shuttle as a checker.

use super::Checker;
use crate::explore::{Exploration, explore_dfs, explore_pct, explore_random};

/// shuttle: sequentially consistent schedules, without weak orderings.
#[derive(Clone, Copy, Debug)]
pub enum Shuttle {
    /// All schedules, depth first.
    Dfs,
    /// So many schedules with at most `depth - 1` changes of priority each.
    Pct {
        /// The depth.
        depth: usize,
        /// How many.
        schedules: usize,
        /// Chooses them.
        seed: u64,
    },
    /// So many random schedules.
    Random {
        /// How many.
        schedules: usize,
        /// Chooses them.
        seed: u64,
    },
}

impl Checker for Shuttle {
    type Thread = shuttle::thread::JoinHandle<Vec<String>>;

    fn sees_all(&self) -> bool {
        matches!(self, Self::Dfs)
    }

    fn explore(
        &self,
        body: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Exploration, String> {
        let seen = match *self {
            Self::Dfs => explore_dfs(body),
            Self::Pct { depth, schedules, seed } => explore_pct(depth, schedules, seed, body),
            Self::Random { schedules, seed } => explore_random(schedules, seed, body),
        };
        if seen.finished { Ok(seen) } else { Err("shuttle gave executions up".into()) }
    }

    fn spawn(body: impl FnOnce() -> Vec<String> + Send + 'static) -> Self::Thread {
        shuttle::thread::spawn(body)
    }

    fn join(thread: Self::Thread) -> Vec<String> {
        thread.join().expect("a thread that panics ends the search")
    }
}
