//! What to run.

use super::budget::Budget;
use crate::checking::Checks;
use crate::observer::Stall;
use crate::scenario::Scenario;
use crate::watchdog::Watchdog;

/// What to run, apart from the subject.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// Threads at work at once.
    pub threads: usize,
    /// When it ends.
    pub budget: Budget,
    /// Seed of all random choices.
    pub seed: u64,
    /// Whether each block is checked as it comes and goes; the books always are.
    pub checked: bool,
    /// Whether the last calls of each handle are written down, and checked in the end.
    pub histories: bool,
    /// How one more thread is held up meanwhile, if the scenario alone does not say so.
    pub stall: Option<Stall>,
    /// How the pool looks for misuse.
    pub checking: Checks,
    /// The most blocks of a batch, where batches of the pool grow.
    pub batch_up_to: Option<usize>,
    /// Whether each lane stays on a core, in turn.
    pub pin: bool,
    /// What is done when nothing moves any more; without it the run waits for ever.
    pub watchdog: Option<Watchdog>,
}

impl Plan {
    /// A checked run, with nothing special about it.
    pub fn new(scenario: Scenario, threads: usize, budget: Budget, seed: u64) -> Self {
        Self {
            scenario,
            threads,
            budget,
            seed,
            checked: true,
            histories: false,
            stall: None,
            checking: Checks::Off,
            batch_up_to: None,
            pin: false,
            watchdog: None,
        }
    }

    /// How one more thread is held up beside the lanes, if at all.
    pub fn held_up(&self) -> Option<Stall> {
        self.stall.or(self.scenario.stall())
    }

    /// Handles at one time: the T of the memory bound.
    pub fn handles(&self) -> usize {
        self.threads + usize::from(self.held_up().is_some())
    }

    /// Blocks that the subject may have, with so many per batch; `None` for no limit.
    pub fn max_carved_blocks(&self, batch: usize) -> Option<usize> {
        self.scenario.max_carved_blocks(self.threads, batch)
    }
}
