//! What a mutant is.

/// A fault of the core, and the check that must notice it.
pub(crate) struct Mutant {
    /// Says the fault. Unique.
    pub(crate) name: &'static str,
    /// What is changed. At least one.
    pub(crate) edits: &'static [Edit],
    /// The check.
    pub(crate) killer: Killer,
    /// Part of the message that this fault produces, and no accident does.
    pub(crate) words: &'static str,
}

/// One change of one file.
pub(crate) struct Edit {
    /// From the workspace's root.
    pub(crate) file: &'static str,
    /// What stands there, exactly once.
    pub(crate) from: &'static str,
    /// What stands there instead. `{on}` becomes the question whether the mutant is chosen.
    pub(crate) to: &'static str,
}

/// The check that must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Killer {
    /// Rows of the loom binary whose key contains this.
    Loom(&'static str),
    /// Rows of the porf binary whose key contains this.
    Porf(&'static str),
    /// Rows of the shuttle binary whose key contains this.
    Shuttle(&'static str),
    /// A test, built without a checker.
    Test {
        /// The file in the library's `tests`, or `lib` for its unit tests. `stress/NAME` is a file in
        /// the tests of `stress`.
        target: &'static str,
        /// The whole path of the test.
        name: &'static str,
    },
}
