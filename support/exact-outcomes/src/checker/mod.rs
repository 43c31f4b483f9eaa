//! The checkers, as what a [`Scenario`](crate::Scenario) runs under.

#[cfg(feature = "loom")]
mod loom;
#[cfg(feature = "porf")]
mod porf;
#[cfg(feature = "shuttle")]
mod shuttle;

#[cfg(feature = "loom")]
pub use self::loom::Loom;
#[cfg(feature = "porf")]
pub use self::porf::Porf;
#[cfg(feature = "shuttle")]
pub use self::shuttle::Shuttle;

use crate::explore::Exploration;

/// What runs a model in many executions.
pub trait Checker {
    /// A started thread.
    type Thread;

    /// Whether a search that came to its end has seen all outcomes that the checker's model has.
    /// If not, an outcome that was not seen is no fault.
    fn sees_all(&self) -> bool;

    /// Runs `body` once for each execution. What it returns is the execution's outcome.
    ///
    /// # Errors
    /// Where a limit ended the search: which one.
    fn explore(
        &self,
        body: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Exploration, String>;

    /// Starts a thread of the model, which ends with `body`'s values.
    fn spawn(body: impl FnOnce() -> Vec<String> + Send + 'static) -> Self::Thread;

    /// Waits for a thread of the model and gives its values.
    fn join(thread: Self::Thread) -> Vec<String>;

    /// What to set in the environment to run the execution under way alone. Called in a model.
    #[must_use]
    fn replay() -> Option<String> {
        None
    }

    /// Whether the environment names one execution that is to be run alone.
    #[must_use]
    fn is_replay() -> bool {
        false
    }
}
