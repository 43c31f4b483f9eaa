//! Runs the program again and again, each time along one execution graph.
//!
//! A run first repeats the graph that the exploration chose: each thread gets the values that the
//! graph says. When all events of the graph have been reached, the threads add new events, and each
//! event with more than one possibility leaves choices behind, which later runs take.
//!
//! Threads are coroutines on one thread of the system. An operation of the program is a function of
//! [`memory`], [`queue`] or [`threads`]; it asks for its [`turn`], waits if it must, and then
//! changes the [`Runtime`]. The lowest thread that can go on adds the next event, so the order of
//! addition depends on the graph alone.

mod branch;
pub(crate) mod cells;
mod choice;
mod displace;
mod explore;
mod failure;
mod guide;
pub(crate) mod locals;
pub(crate) mod memory;
mod object_table;
pub(crate) mod objects;
pub(crate) mod once;
mod print;
mod progress;
pub(crate) mod queue;
mod report;
pub(crate) mod spin;
mod standstill;
mod state;
mod step;
mod svg;
mod team;
mod thread_values;
pub(crate) mod threads;
mod trial;
mod wait;

pub(crate) use explore::{Heard, explore};
pub(crate) use guide::Guide;
pub(crate) use object_table::Shared;
pub(crate) use report::Options;
pub use report::{Limit, Report, Told, Verdict};
pub use standstill::{Awaits, Standstill, Stops, Waiter};
pub(crate) use state::{Runtime, Turn, is_running, is_unwinding, suspend, turn, with};
pub(crate) use wait::Wait;

pub(crate) type Place = &'static core::panic::Location<'static>;
