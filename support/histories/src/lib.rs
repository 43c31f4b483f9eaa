//! Histories of a pool, and whether they are linearizable.
//!
//! What is written down is when each call began, when it returned, and what it gave ([`Call`]).
//! [`linearize`](linearize::linearize) looks for an order of atomic steps that explains it, for any
//! [`Object`]; that of a pool is a [`Multiset`]. Used under shuttle on generated programs, and by
//! `stress` on what real threads did.

mod history;
pub mod linearize;
mod multiset;
mod object;

pub use history::{Call, History, Operation};
pub use multiset::Multiset;
pub use object::Object;
