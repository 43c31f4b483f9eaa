//! Atomics, locks and cells with loom's interface, for real threads that are held up in critical
//! windows.
//!
//! Code that is written against these types runs on the machine's own threads and atomics. Each
//! access passes a *point* before it is done. There a thread goes on at once, or it is jittered
//! ([`jitter`](fn@jitter)), or it waits until a [`Relay`] lets it move. Each access is also counted
//! ([`count`]). A test built on these sees interleavings of whole accesses; the orderings are the
//! machine's.
//!
//! | module | what is in it |
//! |---|---|
//! | [`sync`], [`cell`], [`thread`] | the types, under the names that loom gives them |
//! | `point` | where an access passes, and where a thread lets others go first |
//! | `relay` | threads that move one at a time, by a list of preemptions |
//! | `jitter` | delays by a seed |
//! | [`count`] | what one thread accessed |
//!
//! # Which accesses are points
//!
//! Every access of an atomic, every lock that is taken, and every write to a cell is a point.
//! A fence and a cell's read are none: another thread can see neither. Whatever a thread does
//! between two points is one step to the others.

pub mod cell;
pub mod count;
mod jitter;
mod point;
mod relay;
pub mod sync;
pub mod thread;

pub use jitter::jitter;
pub use point::{give_way, point};
pub use relay::{Mark, Member, Preemption, Relay, is_led, mark};
