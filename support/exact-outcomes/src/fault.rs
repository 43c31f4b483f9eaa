//! Why a check does not pass.

use core::fmt;

use crate::difference::Difference;

/// Why a check does not pass. Its text says so to people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The outcomes are not those of the specification.
    Outcomes(Difference),
    /// An execution failed: a panic, a data race, a deadlock, a leak. The message of the panic;
    /// porf has printed the events of the execution to stderr.
    Execution(String),
    /// A limit ended the search before it had seen everything.
    NotFinished(String),
    /// Several threads ran, and for the checker there was one execution: it saw nothing that they
    /// share.
    NothingShared,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcomes(difference) => difference.fmt(f),
            Self::Execution(message) => write!(
                f,
                "an execution failed. If the checker tells its events, they stand above, on stderr.\n\
                 {message}"
            ),
            Self::NotFinished(limit) => write!(f, "not finished, and therefore not passed: {limit}"),
            Self::NothingShared => f.write_str(
                "there was one execution alone, although several threads have operations: the \
                 checker saw no variable that they share. Is the structure built with the checker's \
                 types? If they are chosen by a cfg, the flags of this build must set it.",
            ),
        }
    }
}

impl core::error::Error for Fault {}
