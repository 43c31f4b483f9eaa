//! How the command ends.

use std::process::ExitCode;

use crate::interrupt;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All that ran was fine.
    Fine,
    /// The command line makes no sense, or a file cannot be read or written.
    Usage,
    /// A violation was found.
    Violation,
    /// A run hung, or went far beyond its time.
    Hang,
    /// Nothing ran.
    NothingRan,
    /// The harness or the machine failed.
    Internal,
    /// Nothing was found before the command was asked to end.
    Interrupted,
    /// A recorded program ended so.
    Program(u8),
}

impl Exit {
    /// The code that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Usage => 1,
            Self::Violation => 2,
            Self::Hang => 3,
            Self::NothingRan => 4,
            Self::Internal => 70,
            Self::Interrupted => interrupt::EXIT_CODE,
            Self::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
