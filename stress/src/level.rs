//! The levels of a pool, as options take them.

use clap::ValueEnum;

/// How the pool looks for misuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Not at all.
    #[default]
    Off,
    /// Double frees and foreign pointers.
    Checked,
    /// Writes after the free, too.
    Hardened,
}

impl Level {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Checked => "checked",
            Self::Hardened => "hardened",
        }
    }
}
