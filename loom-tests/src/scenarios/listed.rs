//! A program that runs as it is, and the outcomes that it may have.

use std::collections::BTreeSet;

/// A named program and its outcomes.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Unique.
    pub name: &'static str,
    /// Runs it once.
    pub body: fn() -> String,
    pub(super) outcomes: &'static [&'static str],
}

impl Listed {
    /// All outcomes.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.outcomes.iter().map(ToString::to_string).collect()
    }
}
