//! Measures pools against what one would use instead, by ratios within one run.
//!
//! A [`Subject`] hands out blocks; a [`workload`] uses one in a certain way and gives a
//! [`Sample`]. Subjects take turns, round by round ([`rounds`]), so that whatever the
//! machine does besides hits all of them alike, and the median of the rounds counts. The harness
//! without an allocator is a subject too: the floor.
//!
//! Times of different runs are not comparable. Ratios within one run are, as far as the spread
//! that stands beside them.

pub mod bars;
pub mod baseline;
pub mod batch;
pub mod contenders;
pub mod html;
mod loops;
pub mod memory;
pub mod progress;
pub mod report;
pub mod ring;
pub mod rounds;
pub mod row;
pub mod sample;
#[cfg(feature = "scale")]
pub mod scale;
pub mod statistics;
pub mod subject;
pub mod subjects;
pub mod times;
pub mod title;
pub mod workload;

pub use crate::subject::{Handle, Measured, Never, Subject, Take};
pub use sample::Sample;
