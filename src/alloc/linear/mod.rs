//! Members that bump a mark through chunks.

mod local;

pub use local::Linear;
