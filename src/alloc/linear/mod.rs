//! Members that bump a mark through chunks.

#[cfg(feature = "std")]
mod concurrent;
mod local;
#[cfg(feature = "std")]
mod run;

#[cfg(feature = "std")]
pub use concurrent::AsyncLinear;
pub use local::Linear;
#[cfg(feature = "std")]
pub use run::Run;
