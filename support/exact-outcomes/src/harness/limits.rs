//! What bounds a run.

use core::time::Duration;

use super::parent::Parent;

/// What holds for every check of a run.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// For one check.
    pub(super) time: Duration,
    /// Say how far it is.
    pub(super) progress: bool,
    /// Ends with this process.
    pub(super) parent: Option<Parent>,
}
