//! porf as a checker.

use porf::model::Builder;

use super::Checker;
use crate::explore::{Exploration, explore_porf_with};

/// The variable that names one execution.
const REPLAY: &str = "PORF_REPLAY";

/// porf: all executions of the memory model RC11, with the settings of a builder.
#[derive(Clone, Debug, Default)]
pub struct Porf(pub Builder);

impl Checker for Porf {
    type Thread = porf::thread::JoinHandle<Vec<String>>;

    fn sees_all(&self) -> bool {
        true
    }

    fn explore(
        &self,
        body: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Exploration, String> {
        explore_porf_with(&self.0, body)
    }

    fn spawn(body: impl FnOnce() -> Vec<String> + Send + 'static) -> Self::Thread {
        porf::thread::spawn(body)
    }

    fn join(thread: Self::Thread) -> Vec<String> {
        thread.join().expect("a thread that panics ends the search")
    }

    fn replay() -> Option<String> {
        Some(format!("{REPLAY}='{}'", porf::model::replay_line()))
    }

    fn is_replay() -> bool {
        std::env::var_os(REPLAY).is_some()
    }
}
