//! A run that showed a fault.

use core::any::Any;

/// What a thread panicked with.
pub(crate) struct Failure {
    pub(crate) thread: Option<usize>,
    pub(crate) payload: Box<dyn Any + Send>,
}

impl Failure {
    /// A fault of the whole run.
    pub(crate) fn of_run(message: String) -> Self {
        Self { thread: None, payload: Box::new(message) }
    }

    pub(crate) fn message(&self) -> &str {
        let text = self.payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| self.payload.downcast_ref::<&str>().copied()).unwrap_or("a panic")
    }
}
