//! Members that bump a mark through one buffer of the caller's.

mod concurrent;
mod local;

pub use concurrent::AsyncStatic;
pub use local::Static;
