//! What is run: a mutant, a scenario and its size.

use core::alloc::Layout;

use serde::{Deserialize, Serialize};

use super::Mutant;
use crate::scenario::Scenario;
use crate::strategies::STRATEGIES;
use crate::subject::Refused;

/// One small or large run, apart from how its threads are steered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What is broken.
    pub mutant: Mutant,
    /// The strategy, where nothing is broken; the mutants have their own.
    pub strategy: String,
    /// The scenario; `names` for threads over a pool of names.
    pub scenario: String,
    /// Threads.
    pub threads: usize,
    /// Operations of each thread, about.
    pub ops: usize,
    /// Blocks per batch.
    pub batch: usize,
    /// Bytes of a block.
    pub block_size: usize,
    /// Seed of the random choices of the threads.
    pub seed: u64,
    /// Whether each block is checked as it comes and goes, or only books and histories.
    pub checked: bool,
}

/// The scenario of pools of names, which is not one of blocks.
pub(super) const NAMES: &str = "names";

impl Case {
    /// The scenario in which a mutant shows best.
    pub fn scenario_of(mutant: Mutant) -> &'static str {
        match mutant {
            Mutant::StaleStamp => NAMES,
            Mutant::LostRemainder => Scenario::Churn.name(),
            Mutant::PatternOverrun => Scenario::OwnRandom.name(),
            _ => Scenario::Sawtooth.name(),
        }
    }

    /// The scenario, where it is one of blocks.
    pub fn scenario(&self) -> Option<Scenario> {
        Scenario::named(&self.scenario)
    }

    /// Layout of the blocks.
    ///
    /// # Errors
    /// There is none of that size.
    pub fn layout(&self) -> Result<Layout, Refused> {
        let align =
            if self.block_size == 0 { 1 } else { 1 << self.block_size.trailing_zeros().min(4) };
        Layout::from_size_align(self.block_size, align).map_err(|error| Refused(error.to_string()))
    }

    /// Whether it can be run at all: what a file says may be anything.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn sound(&self) -> Result<(), String> {
        let within = |what: &str, value: usize, least: usize, most: usize| {
            let fits = (least..=most).contains(&value);
            fits.then_some(()).ok_or_else(|| format!("{what} is {value}, not {least} to {most}"))
        };
        let names = self.scenario == NAMES;
        let fits = match self.mutant {
            Mutant::StaleStamp => names,
            Mutant::None => names || self.scenario().is_some(),
            _ => self.scenario().is_some(),
        };
        if !fits {
            return Err(format!("there is no scenario {:?} for it", self.scenario));
        }
        if !STRATEGIES.iter().any(|entry| entry.name == self.strategy) {
            return Err(format!("there is no strategy {:?}", self.strategy));
        }
        let least = self.scenario().map_or(1, Scenario::min_threads);
        within("threads", self.threads, least, 64)?;
        within("ops", self.ops, 1, 1 << 20)?;
        within("batch", self.batch, 1, 4096)?;
        within("block_size", self.block_size, 1, 1 << 16)
    }
}
