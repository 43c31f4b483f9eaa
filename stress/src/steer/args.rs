//! The command line of steered builds.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutant {
    /// Nothing: the shipped pool, in which nothing may be found.
    None,
    /// The heads of the lists have no tag.
    Untagged,
    /// A remainder is forgotten when another thread changes the list.
    LostRemainder,
    /// A magazine is pushed twice when another thread is at the list.
    DoubleOffer,
    /// A free checks a name, and then frees the block even if it has another user by then.
    StaleStamp,
    /// One byte behind a block is written, at one free in 64.
    PatternOverrun,
    /// A magazine is published before its blocks are written.
    ReorderedPublication,
}

impl Mutant {
    /// What is broken, without [`None`](Self::None).
    pub const FAULTS: [Self; 6] = [
        Self::Untagged,
        Self::LostRemainder,
        Self::DoubleOffer,
        Self::StaleStamp,
        Self::PatternOverrun,
        Self::ReorderedPublication,
    ];

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What `run` takes in a steered build.
#[derive(Clone, Debug, Args)]
pub struct SteerArgs {
    /// Look for this fault, which is put in on purpose, for a minute at most (steered builds only).
    #[arg(long, value_name = "NAME", value_enum)]
    pub mutant: Option<Mutant>,
    /// The folder for the schedule of what was found.
    #[arg(long, value_name = "FOLDER", default_value = "target/stampool/schedules")]
    pub schedules: PathBuf,
}

/// Arguments of `reproduce`.
#[derive(Clone, Debug, Args)]
pub struct ReproduceArgs {
    /// The schedule.
    pub file: PathBuf,
}

/// Arguments of `steer-check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Runs of each mutant, each under another seed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The folder for the schedules.
    #[arg(long, value_name = "FOLDER", default_value = "target/stampool/schedules")]
    pub schedules: PathBuf,
}
