//! The same checks under shuttle: all sequentially consistent schedules, or samples of long ones.
//!
//! shuttle knows no weak orderings, so it says nothing about them; what it offers is a plain
//! depth-first search, the ground truth that loom's reduced search is held against, and sampling of
//! scenarios too long to search. Registration and judging are those of
//! [`loom_tests::harness`]; see [`Check`](loom_tests::Check).
//!
//! Generated programs on the whole pool ([`linear`]) are judged by their [`histories`].

pub mod backend;
pub mod check;
pub mod explore;
pub mod fuzz;
pub mod linear;
pub mod selfcheck;
