//! The loops that are timed, one file for each workload that has one.
//!
//! Each is compiled for the type of the handle, so that the subject's own code is inlined into it.
//! The workloads reach the loops through [`Drive`], one indirect call for each: what is not timed
//! is compiled once for all subjects.

mod bulk;
mod burst;
mod cache_line;
mod drive;
pub(crate) mod hit;
pub(crate) mod larson;
pub(crate) mod message_passing;
pub(crate) mod mstress;
mod producer_consumer;
pub(crate) mod random;
pub(crate) mod shared_bucket;
mod threadtest;
pub(crate) mod touch;
pub(crate) mod working_set;
pub(crate) mod xmalloc;

pub(crate) use drive::Drive;
