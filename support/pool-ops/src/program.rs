//! Programs as data.

use arbitrary::{Arbitrary, Result, Unstructured};

/// Handles that a program may have open at a time.
pub const HANDLES: usize = 3;
/// Handles that a program may forget: each holds blocks for good.
pub const FORGOTTEN: usize = 3;
/// Operations of a program.
const MAX_OPS: usize = 1_000;

macro_rules! strategies {
    ($($strategy:ident)*) => {
        /// The strategies that there are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Arbitrary)]
        #[expect(missing_docs, reason = "the names of the library")]
        pub enum Strategy {
            $($strategy),*
        }
    };
}
stampool::raw::with_strategies!(strategies {});

/// One operation. Handles are numbered; an operation on one that is not open opens it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Arbitrary)]
pub enum Op {
    /// Take a block, fill it, keep it.
    Allocate {
        /// Which handle, of [`HANDLES`].
        handle: u8,
    },
    /// Take several, one after the other.
    AllocateMany {
        /// Which handle.
        handle: u8,
        /// How many, 16 at most.
        blocks: u8,
    },
    /// Give back a block, whichever handle it is from.
    Free {
        /// Which handle gives it.
        handle: u8,
        /// Which of the live blocks.
        nth: u8,
    },
    /// Give back several, the oldest first.
    FreeMany {
        /// Which handle gives them.
        handle: u8,
        /// How many, 16 at most.
        blocks: u8,
    },
    /// Drop the handle.
    Drop {
        /// Which.
        handle: u8,
    },
    /// Forget the handle: its blocks stay where they are.
    Forget {
        /// Which.
        handle: u8,
    },
}

/// A pool, and what is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Which strategy.
    pub strategy: Strategy,
    /// Size of a block in bytes, 1 to 300.
    pub size: usize,
    /// Its alignment, a power of two up to 256.
    pub align: usize,
    /// Blocks per batch, 1 to 9.
    pub batch: usize,
    /// The most blocks, a batch at least.
    pub capacity: Option<usize>,
    /// Blocks per chunk.
    pub chunk: Option<usize>,
    /// Magazines per handle that may wait, 0 to 3.
    pub limbo: usize,
    /// The source's memory comes to an end after so many regions.
    pub regions: Option<usize>,
    /// What is done.
    pub ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let batch = bytes.int_in_range(1..=9)?;
        Ok(Self {
            strategy: bytes.arbitrary()?,
            size: bytes.int_in_range(1..=300)?,
            align: 1 << bytes.int_in_range(0..=8)?,
            batch,
            capacity: if bytes.arbitrary()? {
                Some(bytes.int_in_range(batch..=batch + 60)?)
            } else {
                None
            },
            chunk: if bytes.arbitrary()? { Some(bytes.int_in_range(1..=30)?) } else { None },
            limbo: bytes.int_in_range(0..=3)?,
            regions: if bytes.ratio(3, 4)? { None } else { Some(bytes.int_in_range(0..=12)?) },
            ops: bytes.arbitrary_iter()?.take(MAX_OPS).collect::<Result<_>>()?,
        })
    }
}

impl Program {
    /// The program that `bytes` stand for. All bytes stand for one; missing ones are zero.
    ///
    /// # Panics
    /// Never: where bytes are short they are padded.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let program = Self::arbitrary_take_rest(Unstructured::new(bytes));
        program.expect("integers are padded, and what has no end stops")
    }

    /// The program without what leaks by design: a forgotten handle of `EpochDeferred` leaves its
    /// registration with the collector behind, so it is dropped instead.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        if self.strategy == Strategy::EpochDeferred {
            for op in &mut self.ops {
                if let Op::Forget { handle } = *op {
                    *op = Op::Drop { handle };
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_are_a_program_without_operations() {
        let program = Program::from_bytes(&[]);
        assert_eq!((program.ops.len(), program.batch, program.size), (0, 1, 1));
    }

    #[test]
    fn every_operation_and_every_strategy_can_be_said() {
        let mut random = 1_u64;
        let mut text = String::new();
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..200)
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    random.to_le_bytes()[0]
                })
                .collect();
            text += &format!("{:?}", Program::from_bytes(&bytes));
        }
        for word in stampool::raw::STRATEGIES {
            assert!(text.contains(word), "{word}");
        }
        for word in ["Allocate ", "AllocateMany", "Free ", "FreeMany", "Drop", "Forget"] {
            assert!(text.contains(word), "{word}");
        }
    }
}
