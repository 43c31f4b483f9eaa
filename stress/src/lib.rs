//! Stress for `stampool`: scenarios, heap traces of real programs, and oracles that notice when the
//! pool breaks a promise.
//!
//! The harness works on any [`subject::Examined`]. [`strategies`] makes subjects from the pool; the
//! must-fail tests make subjects that are broken on purpose.
//!
//! | module | role |
//! |---|---|
//! | [`subject`] | what is put under stress |
//! | [`oracle`] | what is checked |
//! | [`worker`] | one thread's checked access to the subject |
//! | [`scenario`], [`run`] | what the threads do; one run of it |
//! | [`observer`] | a thread beside them, which may stall |
//! | [`board`], [`watchdog`] | where each thread is, and what is done when nothing moves |
//! | [`checking`], [`pin`] | how the pool looks for misuse, on which cores threads run |
//! | [`replay`] | a recorded program instead |
//! | `record` | how one is recorded |
//! | [`bump`] | allocators of any layout that threads share |
//! | [`arena`] | the arena with a capacity |
//! | [`names`] | threads over the names of a `StampedPool` |
//! | [`steer`] | mutated pools, found, made small and run again |
//! | [`latency`] | each call timed, by what it did |
//! | [`memory`] | carved and live blocks over the time of a run |
//! | [`environment`] | where a command ran, and what it was |
//! | `place` | files that results go to |
//! | [`cli`], [`job`], [`report`] | the command, its work, its output |
//! | [`html`] | results as a page of charts |

pub mod arena;
pub mod board;
pub mod bump;
pub mod checking;
pub mod cli;
pub mod environment;
mod gate;
pub mod html;
mod interrupt;
pub mod job;
pub mod latency;
pub mod memory;
mod meter;
pub mod names;
mod num;
pub mod observer;
pub mod oracle;
pub mod pin;
mod place;
mod progress;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
pub mod record;
pub mod replay;
pub mod report;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod steer;
pub mod strategies;
pub mod subject;
pub mod watchdog;
pub mod worker;
