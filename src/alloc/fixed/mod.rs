//! Members that bump a mark through one buffer of the caller's.

#[cfg(feature = "std")]
mod concurrent;
mod local;

#[cfg(feature = "std")]
pub use concurrent::AsyncStatic;
pub use local::Static;
