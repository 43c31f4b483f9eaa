//! What becomes of the results.

use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::value;

/// Where results go.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// What is printed at the end.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The folder for the results as JSON, in a file named after the command.
    #[arg(long, value_name = "DIR", default_value = "target/stampool/stress")]
    pub out: PathBuf,
    /// Time between two lines of progress where stderr is no terminal, as 500ms, 10s, 5m.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub interval: Duration,
}

impl OutputArgs {
    /// The file for what `command` finds.
    pub fn file(&self, command: &str) -> PathBuf {
        self.out.join(command).with_extension("json")
    }
}

/// What is printed at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table.
    Text,
    /// The results as JSON, the same as in the file.
    Json,
}
