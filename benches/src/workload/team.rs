//! Who takes part in a workload.

use core::fmt;

/// The threads of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Team {
    /// So many, which all do the same.
    Alike(usize),
    /// Some allocate, others free.
    Sides {
        /// Who allocates.
        producers: usize,
        /// Who frees.
        consumers: usize,
    },
    /// So many pairs of one who allocates and one who frees, which share the subject alone.
    Pairs(usize),
}

impl Team {
    /// Those of the producer -> consumer workloads.
    pub const CROSSINGS: [Self; 3] = [
        Self::Sides { producers: 1, consumers: 1 },
        Self::Sides { producers: 2, consumers: 2 },
        Self::Sides { producers: 1, consumers: 3 },
    ];

    /// Those in which each who allocates has one who frees.
    pub const PAIRS: [Self; 2] = [Self::CROSSINGS[0], Self::CROSSINGS[1]];

    /// Those in which as many ask as answer.
    pub const EVEN: [Self; 3] =
        [Self::CROSSINGS[0], Self::CROSSINGS[1], Self::Sides { producers: 3, consumers: 3 }];

    /// All together.
    pub const fn threads(self) -> usize {
        match self {
            Self::Alike(threads) => threads,
            Self::Sides { producers, consumers } => producers + consumers,
            Self::Pairs(pairs) => 2 * pairs,
        }
    }

    /// Groups that send nothing to one another.
    pub const fn groups(self) -> usize {
        match self {
            Self::Pairs(pairs) => pairs,
            Self::Alike(_) | Self::Sides { .. } => 1,
        }
    }

    /// Producers and consumers. Where all do the same, each is both.
    pub const fn sides(self) -> (usize, usize) {
        match self {
            Self::Alike(threads) => (threads, threads),
            Self::Sides { producers, consumers } => (producers, consumers),
            Self::Pairs(pairs) => (pairs, pairs),
        }
    }
}

/// `2`, `1P3C`, `4x1P1C`.
impl fmt::Display for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alike(threads) => write!(f, "{threads}"),
            Self::Sides { producers, consumers } => write!(f, "{producers}P{consumers}C"),
            Self::Pairs(pairs) => write!(f, "{pairs}x1P1C"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_two_threads_each_and_share_no_ring() {
        let team = Team::Pairs(4);
        assert_eq!((team.threads(), team.sides(), team.groups()), (8, (4, 4), 4));
        assert_eq!(team.to_string(), "4x1P1C");
    }
}
