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
//! | [`board`], [`watchdog`] | where each thread is, and what is done when nothing moves |
//! | [`level`], [`pin`] | how the pool looks for misuse, on which cores threads run |
//! | [`replay`] | a recorded program instead |
//! | [`latency`] | each call timed, by what it did |
//! | [`cli`], [`job`], [`report`] | the command, its work, its output |

pub mod board;
pub mod cli;
mod gate;
pub mod job;
pub mod latency;
pub mod level;
mod num;
pub mod oracle;
pub mod pin;
mod progress;
pub mod replay;
pub mod report;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod strategies;
pub mod subject;
pub mod watch;
pub mod watchdog;
pub mod worker;
