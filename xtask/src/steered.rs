//! `cargo xtask steered`: the stress harness on the steered backend, in a target folder of its own.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::common::{models, workspace};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Find every mutant, make it small and run it again; and nothing may be found in the pool.
    #[arg(long, conflicts_with = "arguments")]
    check: bool,
    /// With `--check`: runs of each mutant, each under another seed.
    #[arg(long, default_value_t = 1, requires = "check")]
    runs: u64,
    /// Arguments of `stress`, after `--`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Builds `stress` steered, and runs it. Its exit code is the command's.
///
/// # Errors
/// Where it does not build or start, or `--check` fails.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut cargo = steered_cargo("build")?;
    cargo.args(["--package", "stress", "--bin", "stress", "--no-default-features"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    eprintln!("building stress for steered");
    let stress = models::executable(cargo, "stress").context("stress does not build")?;
    let mut stress = Command::new(stress);
    if options.check {
        test(&["--package", "steered"]).context("the steering itself is broken")?;
        test(&["--package", "stampool", "--lib", "--features", "_steered"])
            .context("the pool's own tests fail when it is steered")?;
        stress.current_dir(workspace::root()?);
        stress.args(["steer-check", "--runs", &options.runs.to_string()]);
        ensure!(stress.status()?.success(), "a mutant was not found, or the pool was");
        return Ok(ExitCode::SUCCESS);
    }
    instead(stress.args(&options.arguments))
}

/// Runs steered tests, which `words` choose.
fn test(words: &[&str]) -> Result<()> {
    ensure!(steered_cargo("test")?.args(words).status()?.success(), "a test fails");
    Ok(())
}

/// Replaces this process by `stress`, so that an interrupt reaches `stress` itself, and this
/// command does not end while `stress` still writes.
#[cfg(unix)]
fn instead(stress: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(stress.exec()).context("stress does not start")
}

/// Runs `stress` and ends as it does.
#[cfg(not(unix))]
fn instead(stress: &mut Command) -> Result<ExitCode> {
    let code = stress.status()?.code().context("stress was killed")?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A call of cargo that builds steered.
///
/// # Errors
/// As [`workspace::root`].
pub(crate) fn steered_cargo(command: &str) -> Result<Command> {
    let mut cargo = workspace::cargo()?;
    cargo.args([command, "--release", "--quiet", "--target-dir"]);
    cargo.arg(workspace::root()?.join("target/steered"));
    // The encoded form wins over every other way to set flags, so that none can drop the cfg.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fstampool_model=\"steered\"");
    Ok(cargo)
}
