//! Small concurrent programs as data.
//!
//! A [`Program`] is a list of steps per thread on a few locations, all zero at the start. It is
//! written down and read back in a short form, with `|` between threads:
//!
//! ```
//! use rc11_reference::Program;
//!
//! let text = "x=1.rlx F.sc y.rlx | y=1.rlx F.sc [0]x.rlx";
//! let program: Program = text.parse().unwrap();
//! assert_eq!(program.to_string(), text);
//! ```
//!
//! | text | means |
//! |---|---|
//! | `x.acq` | load |
//! | `x=1.rel` | store |
//! | `x+1.rlx` | `fetch_add` |
//! | `x<1.ar` | swap |
//! | `x?0:1.ar/acq` | `compare_exchange`, with the orderings of success and failure |
//! | `F.sc` | fence |
//! | `[1]x=2.rlx` | the step, if the thread's last read gave 1 |
//! | `[!1]x=2.rlx` | the step, if the thread's last read gave something else |
//!
//! Locations are `x`, `y`, `z` and `u`. Where a number is written, `r` stands for what the thread's
//! last read gave. The last read of a thread that has not read yet gave 0.

mod text;

pub use text::ParseError;

/// The number of locations that have a name.
pub const LOCATIONS: usize = 4;

/// The ordering of an access or a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// `rlx`
    Relaxed,
    /// `acq`
    Acquire,
    /// `rel`
    Release,
    /// `ar`
    AcqRel,
    /// `sc`
    SeqCst,
}

impl Order {
    /// Whether a read or a fence with this ordering acquires.
    #[must_use]
    pub fn acquires(self) -> bool {
        matches!(self, Self::Acquire | Self::AcqRel | Self::SeqCst)
    }

    /// Whether a write or a fence with this ordering releases.
    #[must_use]
    pub fn releases(self) -> bool {
        matches!(self, Self::Release | Self::AcqRel | Self::SeqCst)
    }
}

impl From<Order> for core::sync::atomic::Ordering {
    fn from(order: Order) -> Self {
        match order {
            Order::Relaxed => Self::Relaxed,
            Order::Acquire => Self::Acquire,
            Order::Release => Self::Release,
            Order::AcqRel => Self::AcqRel,
            Order::SeqCst => Self::SeqCst,
        }
    }
}

/// What a step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// This number.
    Number(u64),
    /// What the thread's last read gave.
    LastRead,
}

impl Value {
    /// The number, where the thread's last read gave `last`.
    #[must_use]
    pub fn given(self, last: u64) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::LastRead => last,
        }
    }
}

/// One operation. The first field of an access is its location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Reads.
    Load(usize, Order),
    /// Writes.
    Store(usize, Value, Order),
    /// Adds, and reads what was there.
    Add(usize, Value, Order),
    /// Writes, and reads what was there.
    Swap(usize, Value, Order),
    /// Reads; where it finds the number, it writes the value, with the first ordering. Otherwise it
    /// is a load with the second ordering.
    Exchange(usize, u64, Value, Order, Order),
    /// A fence.
    Fence(Order),
}

impl Op {
    /// Whether the operation reads.
    #[must_use]
    pub fn reads(self) -> bool {
        !matches!(self, Self::Store(..) | Self::Fence(_))
    }

    /// The location, unless the operation is a fence.
    #[must_use]
    pub fn location(self) -> Option<usize> {
        match self {
            Self::Load(location, _)
            | Self::Store(location, ..)
            | Self::Add(location, ..)
            | Self::Swap(location, ..)
            | Self::Exchange(location, ..) => Some(location),
            Self::Fence(_) => None,
        }
    }
}

/// On what a step depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// On nothing.
    Always,
    /// The thread's last read gave this.
    If(u64),
    /// The thread's last read gave something else.
    Unless(u64),
}

impl Guard {
    /// Whether the step happens, where the thread's last read gave `last`.
    #[must_use]
    pub fn holds(self, last: u64) -> bool {
        match self {
            Self::Always => true,
            Self::If(value) => last == value,
            Self::Unless(value) => last != value,
        }
    }
}

/// An operation, and on what it depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// On what.
    pub guard: Guard,
    /// The operation.
    pub op: Op,
}

/// What each thread does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Program {
    /// The threads' steps.
    pub threads: Vec<Vec<Step>>,
}

impl Program {
    /// The number of locations: those up to the last one that the program names.
    #[must_use]
    pub fn locations(&self) -> usize {
        let steps = self.threads.iter().flatten();
        steps.filter_map(|step| step.op.location()).max().map_or(0, |last| last + 1)
    }
}
