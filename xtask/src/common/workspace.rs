//! Where things lie, and the cargo that runs us.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

/// The workspace's root folder.
///
/// # Errors
/// Where xtask was not started by cargo.
pub(crate) fn root() -> Result<PathBuf> {
    // At run time, so that a moved checkout needs no rebuild.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").context("run me as `cargo xtask`")?;
    let root = PathBuf::from(xtask).parent().context("xtask has no parent folder")?.to_path_buf();
    Ok(root)
}

/// Where reports and generated sources go: `target/stampool`, whatever `CARGO_TARGET_DIR` says.
///
/// # Errors
/// Where it cannot be created.
pub(crate) fn output() -> Result<PathBuf> {
    let output = root()?.join("target/stampool");
    std::fs::create_dir_all(&output)
        .with_context(|| format!("cannot create {}", output.display()))?;
    Ok(output)
}

/// A call of cargo in the workspace's root.
///
/// # Errors
/// As [`root`].
pub(crate) fn cargo() -> Result<Command> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()?);
    Ok(cargo)
}
