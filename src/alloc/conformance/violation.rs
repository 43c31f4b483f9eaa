//! What can be wrong with an allocator.

use core::fmt;

use super::Program;

/// A rule of the contract, or a promise of one of the smaller traits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clause {
    /// A live block is valid, aligned and disjoint from all others.
    A1,
    /// No other call invalidates a block, and neither does moving the allocator.
    A2,
    /// A failure changes nothing.
    A3,
    /// Any size that fits may be passed back, and makes no difference.
    A4,
    /// A block of size zero is aligned and takes no memory.
    A5,
    /// No block wraps around the address space, and no call unwinds.
    A6,
    /// The reason of a failure is true.
    A7,
    /// What [`Owner`](crate::alloc::Owner) says is true.
    Owner,
    /// Nothing is in use after [`Reset`](crate::alloc::Reset), and, if the allocator says that it
    /// recovers everything, after all blocks are freed.
    Recovery,
    /// Each region goes back to its source once, with its layout. No byte beside it is written, and
    /// none in it afterwards.
    Source,
}

impl Clause {
    const fn words(self) -> &'static str {
        match self {
            Self::A1 => "A1: a live block is valid, aligned and disjoint from all others",
            Self::A2 => "A2: no other call, and no move of the allocator, invalidates a block",
            Self::A3 => "A3: a failure changes nothing",
            Self::A4 => "A4: any size that fits may be passed back, and makes no difference",
            Self::A5 => "A5: a block of size zero is aligned and takes no memory",
            Self::A6 => "A6: no block wraps around the address space, and no call unwinds",
            Self::A7 => "A7: the reason of a failure is true",
            Self::Owner => "owner: `owns` and `usage` are true",
            Self::Recovery => "recovery: what was freed is not in use",
            Self::Source => {
                "source: each region goes back once, with its layout, and nothing is written beside it or afterwards"
            }
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The rule.
    pub clause: Clause,
    /// How it was broken.
    pub what: &'static str,
    /// In which step of the program, counted from 0; one past the last step is the end.
    pub step: usize,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  but in step {}: {}", self.clause, self.step, self.what)
    }
}

/// A program that breaks a rule, reduced.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The broken rule.
    pub violation: Violation,
    /// The reduced program.
    pub program: Box<Program>,
    /// The seed of the program before it was reduced.
    pub seed: u64,
    /// The words of the allocator's panic, if it panicked and they are text.
    pub panic: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.violation)?;
        if let Some(words) = &self.panic {
            writeln!(f, "  panic: {words}")?;
        }
        write!(f, "{}", self.program)?;
        write!(f, "again: .seed({}).programs(1)", self.seed)
    }
}

impl core::error::Error for Failure {}
