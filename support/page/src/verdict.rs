//! Verdicts.

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it must be.
    Good,
    /// Broken.
    Bad,
    /// Neither: cut short, or nothing to judge by.
    Open,
}

impl Verdict {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Open => "open",
        }
    }

    /// Not by colour alone.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Good => "\u{2713}",
            Self::Bad => "\u{2717}",
            Self::Open => "\u{2013}",
        }
    }
}
