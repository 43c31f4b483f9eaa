//! Small concurrent programs as data, run on any checker.
//!
//! A [`Program`] is a list of operations per thread on a few 64-bit locations and at most one
//! 128-bit word. [`interpret()`] runs it on a [`Backend`]; the outcome names what every operation
//! read and, if asked, what the locations hold at the end. The litmus table and the differential
//! fuzzer are both made of these.
//!
//! Programs are written down and read back in a short form, one thread per `|`:
//!
//! ```
//! use loom_tests::program::Program;
//!
//! let text = "x=1.rlx F.sc y.rlx | y=1.rlx F.sc x.rlx";
//! let program: Program = text.parse().unwrap();
//! assert_eq!(program.to_string(), text);
//! ```
//!
//! | text | means |
//! |---|---|
//! | `x.acq` | load |
//! | `x=1.rel` | store |
//! | `x+1.rlx` | fetch_add |
//! | `x<1.ar` | swap |
//! | `x?0:1.ar/acq` | compare_exchange, orderings of success and failure |
//! | `F.sc` | fence |
//!
//! Locations are `x`, `y`, `z`, and `w`, the 128-bit word. Its values are the small numbers of the
//! text with a copy of themselves in the upper half, so that a torn access would show.

mod backend;
/// The library's 128-bit word, on loom's atomics in every build: the litmus tests are about it.
#[path = "../../../src/sync/interned.rs"]
mod interned;
mod interpret;
mod spec;
mod text;

pub use backend::{Backend, Loom, Word};
pub use interned::AtomicU128;
pub use interpret::interpret;
pub use rc11_reference::Order;
pub use spec::sequentially_consistent;
pub use text::ParseError;

use core::sync::atomic::Ordering;

use loom::sync::atomic::AtomicU64;

/// One of the shared locations, all zero at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// `x`, `y` and `z`: 0, 1 and 2.
    Narrow(usize),
    /// `w`, 128 bits.
    Wide,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Reads.
    Load(Location, Order),
    /// Writes.
    Store(Location, u64, Order),
    /// Adds and reads what was there.
    Add(Location, u64, Order),
    /// Writes and reads what was there.
    Swap(Location, u64, Order),
    /// Writes the second value where the first was found; reads what was there.
    Exchange(Location, u64, u64, Order, Order),
    /// A fence.
    Fence(Order),
}

/// What each thread does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    /// The threads' operations, at least one thread.
    pub threads: Vec<Vec<Op>>,
}
