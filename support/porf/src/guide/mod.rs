//! Chapters for people who use porf.
//!
//! - [`from_loom`]: what a project that has loom models changes, and where porf differs.
//! - [`green_run`]: what a run without a failure says, what it does not say, and how to see that a
//!   check can fail.

#[doc = include_str!("from_loom.md")]
pub mod from_loom {}

#[doc = include_str!("green_run.md")]
pub mod green_run {}
