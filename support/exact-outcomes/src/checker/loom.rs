//! loom as a checker.

use super::Checker;
use crate::explore::{Bound, Exploration, explore_loom};

/// loom. As it is published it passes over some executions ([`canary`](crate::canary)), and then a
/// sound structure may miss outcomes.
#[derive(Clone, Copy, Debug)]
pub struct Loom(pub Bound);

impl Checker for Loom {
    type Thread = loom::thread::JoinHandle<Vec<String>>;

    fn sees_all(&self) -> bool {
        self.0 == Bound::Unbounded
    }

    fn explore(
        &self,
        body: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Exploration, String> {
        Ok(explore_loom(self.0, body))
    }

    fn spawn(body: impl FnOnce() -> Vec<String> + Send + 'static) -> Self::Thread {
        loom::thread::spawn(body)
    }

    fn join(thread: Self::Thread) -> Vec<String> {
        thread.join().expect("a thread that panics ends the search")
    }
}
