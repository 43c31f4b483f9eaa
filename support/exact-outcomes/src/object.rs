//! What a specification is.

use core::hash::Hash;

/// A shared object whose operations are atomic steps.
pub trait Object: Clone + Eq + Hash {
    /// One operation of a thread's program.
    type Op: Clone + Eq + Hash;

    /// Every state that `op`, done now by `thread`, may lead to. None: it must wait.
    fn apply(&self, thread: usize, op: &Self::Op) -> Vec<Self>;

    /// What is compared, once every thread is done.
    fn outcome(&self) -> String;
}
