//! How deep a comparison looks: how much of everything.

use core::time::Duration;

use super::stalled;

/// A choice of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// For a script.
    Quick,
    /// Whatever decides, in minutes.
    Short,
    /// All, for the page `choosing`.
    Full,
}

/// How much of everything.
pub(super) struct Amount {
    pub(super) each_scenario: Duration,
    pub(super) rounds: usize,
    pub(super) turn_ms: usize,
    pub(super) replay_rounds: u16,
    pub(super) stalled: stalled::Amount,
}

impl Depth {
    /// Of this depth.
    pub(super) fn amount(self) -> Amount {
        let of = |ms, rounds, replay_rounds, stalls, stall_ms| Amount {
            each_scenario: Duration::from_millis(ms),
            rounds,
            turn_ms: 2,
            replay_rounds,
            stalled: stalled::Amount { rounds: stalls, each: Duration::from_millis(stall_ms) },
        };
        match self {
            Self::Quick => of(200, 9, 5, 5, 50),
            Self::Short => of(500, 11, 5, 7, 50),
            Self::Full => of(2000, 21, 15, 15, 100),
        }
    }

    /// The word of the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Quick => " --quick",
            Self::Short => "",
            Self::Full => " --full",
        }
    }

    /// What is shorter than in a full run, in words.
    pub(super) fn shorter(self) -> Option<String> {
        let full = Self::Full.amount();
        (self != Self::Full).then(|| {
            format!(
                "left to --full: stress of {} s per scenario, {} rounds of times, {} of stalls, {} of replays",
                full.each_scenario.as_secs(),
                full.rounds,
                full.stalled.rounds,
                full.replay_rounds
            )
        })
    }
}
