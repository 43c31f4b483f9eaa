//! Stress for `stampool`: scenarios, heap traces of real programs, and oracles that see when
//! the pool breaks its word.
//!
//! The harness works on anything that is a [`subject::Subject`]; [`strategies`] makes
//! subjects of the pool, the must-fail tests make subjects that are broken on purpose.
//!
//! | module | role |
//! |---|---|
//! | [`subject`] | what is put under stress |
//! | [`oracle`] | what is checked |
//! | [`worker`] | one thread's checked access to the subject |
//! | [`scenario`], [`run`] | what the threads do; one run of it |
//! | [`watch`] | a thread beside them, which may stall |
//! | [`replay`] | a recorded program instead |
//! | [`names`] | threads over the names of a `StampedPool` |
//! | [`steer`] | sabotaged pools, found, made small and run again |
//! | [`latency`] | each call timed, by what it did |
//! | [`cli`], [`job`], [`report`] | the command, its work, its output |

pub mod cli;
mod gate;
pub mod job;
pub mod latency;
pub mod names;
mod num;
pub mod oracle;
mod progress;
pub mod replay;
pub mod report;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod steer;
pub mod strategies;
pub mod subject;
pub mod watch;
pub mod worker;
