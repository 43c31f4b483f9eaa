//! `cargo xtask litmus`: known C11 outcomes against what loom finds.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::common::models::{self, Binary, Kind, Model};

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Runs the command.
///
/// # Errors
/// Where a row is not as known.
pub(crate) fn run(_options: &Options) -> Result<()> {
    let binary = Binary { package: "loom-tests", kind: Kind::Bin, name: "litmus" };
    let executable = models::build(Model::Loom, binary)?;
    let status = Command::new(executable).status()?;
    ensure!(status.success(), "loom is not as known");
    Ok(())
}
