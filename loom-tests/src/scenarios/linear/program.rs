//! Programs as data.

use core::fmt;

/// One operation of a thread. One that finds no block to give back or away does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Take a block, or be refused.
    Allocate,
    /// Give back the nth of the blocks that the thread holds.
    Free(usize),
    /// Put the nth of them into another thread's hands. No operation of the pool.
    Give {
        /// Which of them.
        nth: usize,
        /// To whom.
        to: usize,
    },
}

/// A pool and two or three threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Blocks per batch.
    pub batch: usize,
    /// The most blocks: a batch, and what is held, at least.
    pub capacity: usize,
    /// Blocks that each thread holds at the start. Their number is the number of threads.
    pub held: Vec<usize>,
    /// What each thread does; as many as in `held`.
    pub threads: Vec<Vec<Op>>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch {}, capacity {}:", self.batch, self.capacity)?;
        for (nth, (held, ops)) in self.held.iter().zip(&self.threads).enumerate() {
            write!(f, "{} {held} held", if nth == 0 { "" } else { " |" })?;
            for op in ops {
                match op {
                    Op::Allocate => write!(f, ", allocate")?,
                    Op::Free(nth) => write!(f, ", free {nth}")?,
                    Op::Give { nth, to } => write!(f, ", give {nth} to {to}")?,
                }
            }
        }
        Ok(())
    }
}
