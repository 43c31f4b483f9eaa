//! The same checks under shuttle: all sequentially consistent schedules, or samples of long ones.
//!
//! shuttle knows no weak orderings, so it says nothing about them. It offers a plain depth-first
//! search, with which the results of loom's reduced search are compared, and it samples scenarios
//! that are too long to search. [`loom_tests::harness`] registers and judges the checks; see
//! [`Check`](loom_tests::Check).
//!
//! The histories of generated programs on the whole pool ([`linear`]) are judged by [`histories`].

pub mod backend;
pub mod check;
pub mod explore;
pub mod fuzz;
pub mod linear;
pub mod selfcheck;
