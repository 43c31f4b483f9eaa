//! The same checks under shuttle: all sequentially consistent schedules, or samples of long ones.
//!
//! shuttle knows no weak orderings, so it says nothing about them. It offers a plain depth-first
//! search, with which the results of loom's reduced search are compared, and it samples scenarios
//! that are too long to search. [`check`] registers the checks, and
//! [`harness`](exact_outcomes::harness) judges them.
//!
//! The histories of generated programs on the whole pool ([`linear`]) are judged by [`histories`].

pub mod backend;
pub mod fuzz;
pub mod linear;
pub mod selfcheck;

pub use exact_outcomes::explore;
pub use exact_outcomes::harness::shuttle as check;
