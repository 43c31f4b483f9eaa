//! What a suite is made of.

/// A change of one file of a suite. Each must find what it changes.
pub(super) enum Edit {
    /// Wherever the first text stands, the second one stands instead.
    Replace(&'static str, &'static str),
    /// The text from here up to there, which stays, is left out.
    Cut(&'static str, &'static str),
}

/// A file of a suite: where it is, where it goes to, and what changes.
pub(super) struct File {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) edits: &'static [Edit],
}

/// A repository of which the command needs a checkout.
pub(super) struct Repository {
    /// For which the edits were written.
    pub(super) commit: &'static str,
    /// How the skip is called in `.ci/may-skip.txt`, where there is no checkout.
    pub(super) skip: &'static str,
}

/// A test that asks for something that a member is not meant to do.
pub(super) struct LeftOut {
    pub(super) test: &'static str,
    /// On which members; on all, if none is named.
    pub(super) members: &'static [&'static str],
    pub(super) why: &'static str,
}

/// A suite.
pub(super) struct Suite {
    pub(super) name: &'static str,
    /// Where it is, unless in its published package.
    pub(super) repository: Option<Repository>,
    pub(super) edition: &'static str,
    /// Packages that it needs beside the adaptor, as lines of a manifest.
    pub(super) dependencies: &'static str,
    pub(super) files: &'static [File],
    /// What is ours, beside the adaptor: where it goes to, and its text, in which `{programs}` is a
    /// number.
    pub(super) own: &'static [(&'static str, &'static str)],
    /// Tests that there must be at least.
    pub(super) least: usize,
    pub(super) left_out: &'static [LeftOut],
}
