//! How the pool detects misuse, as options take it.

use clap::ValueEnum;

/// How the pool detects misuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Checks {
    /// It does not.
    #[default]
    Off,
    /// Double frees and foreign pointers.
    Checked,
    /// Writes after the free, too.
    Hardened,
}

impl Checks {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Checked => "checked",
            Self::Hardened => "hardened",
        }
    }
}
