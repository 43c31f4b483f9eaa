//! Members that bump a mark through chunks.

mod concurrent;
mod local;
mod run;

pub use concurrent::AsyncLinear;
pub use local::Linear;
pub use run::Run;
