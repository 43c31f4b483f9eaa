#![doc = include_str!("../README.md")]

#[cfg(feature = "loom")]
pub mod canary;
mod checker;
mod difference;
pub mod explore;
mod fault;
#[cfg(feature = "harness")]
pub mod harness;
mod object;
pub mod one_at_a_time;
mod scenario;
pub mod spec;

pub use checker::Checker;
#[cfg(feature = "loom")]
pub use checker::Loom;
#[cfg(feature = "porf")]
pub use checker::Porf;
#[cfg(feature = "shuttle")]
pub use checker::Shuttle;
pub use difference::Difference;
pub use fault::Fault;
pub use object::Object;
pub use scenario::{Scenario, Steps};
