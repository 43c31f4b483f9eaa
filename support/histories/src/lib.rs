//! Histories of a pool, and whether they are linearizable.
//!
//! A history records when each call began, when it returned, and what it returned ([`Call`]).
//! [`linearize`](linearize::linearize) looks for an order of atomic steps that explains the
//! history, for any [`Object`]; the object of a pool is a [`Multiset`]. The model checks use it
//! under shuttle on generated programs, and `stress` uses it on the calls of real threads.

mod history;
pub mod linearize;
mod multiset;

pub use exact_outcomes::Object;
pub use history::{Call, History, Operation};
pub use multiset::Multiset;
