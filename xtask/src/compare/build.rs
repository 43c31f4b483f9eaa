//! Builds the programs that a comparison runs, the model checks aside.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::common::{models, workspace};

/// What was built.
pub(super) struct Programs {
    pub(super) stress: PathBuf,
    pub(super) bench: PathBuf,
}

/// Builds both by one call of cargo, so that what they share is built once.
///
/// # Errors
/// Where one of them does not build.
pub(super) fn programs(with_mallocs: bool) -> Result<Programs> {
    let mut cargo = workspace::cargo()?;
    cargo.args(["build", "--quiet", "--release", "--no-default-features"]);
    cargo.args([
        "--package",
        "stress",
        "--bin",
        "stress",
        "--package",
        "benches",
        "--bin",
        "bench",
    ]);
    if with_mallocs {
        cargo.args(["--features", "stress/mallocs,benches/mallocs"]);
    }
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let built = models::executables(cargo, &["stress", "bench"])
        .context("stress and benches do not build")?;
    let [stress, bench] = built.try_into().expect("as many as were named");
    Ok(Programs { stress, bench })
}
