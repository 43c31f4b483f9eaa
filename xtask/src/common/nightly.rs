//! The nightly toolchain: what it has, and calls of its cargo.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};

use crate::common::workspace;

/// A call of a nightly program.
fn program(name: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly", name]);
    // `cargo xtask` was started with these, for another toolchain.
    for name in ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"] {
        rustup.env_remove(name);
    }
    rustup
}

/// A call of nightly cargo in the workspace's root.
///
/// # Errors
/// As [`workspace::root`].
pub(crate) fn cargo() -> Result<Command> {
    let mut cargo = program("cargo");
    cargo.current_dir(workspace::root()?);
    Ok(cargo)
}

/// Whether nightly cargo has the subcommand `name`.
pub(crate) fn has_subcommand(name: &str) -> bool {
    let output = program("cargo").args([name, "--version"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// The path that the nightly compiler prints for `what`. None: there is no nightly toolchain, or it
/// does not know the target.
pub(crate) fn path(what: &str, target: &str) -> Option<PathBuf> {
    let output = program("rustc").args(["--print", what, "--target", target]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim()))
}

/// Whether the nightly toolchain can build its standard library for `target`.
pub(crate) fn has_sources(target: &str) -> bool {
    let sources = "lib/rustlib/src/rust/library/Cargo.lock";
    path("sysroot", target).is_some_and(|sysroot| sysroot.join(sources).is_file())
}

/// Runs `command`, writes all that it prints to `log`, and calls `read` with each line.
///
/// # Errors
/// Where the command cannot be started or the log cannot be written.
pub(crate) fn run(
    mut command: Command,
    log: &Path,
    mut read: impl FnMut(String),
) -> Result<ExitStatus> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("cannot start rustup")?;
    // The command holds the writing ends: without this the last line never comes.
    drop(command);
    let mut log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(log, "{line}")?;
        read(line);
    }
    Ok(child.wait()?)
}

/// How many tests of a program passed, if the line says that all did.
pub(crate) fn passed(line: &str) -> Option<u64> {
    let (_, result) = line.split_once("test result: ok. ")?;
    result.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::passed;

    #[test]
    fn only_a_result_without_a_failure_counts() {
        assert_eq!(passed("test result: ok. 12 passed; 0 failed"), Some(12));
        assert_eq!(passed("x test result: ok. 0 passed; 0 failed"), Some(0));
        assert_eq!(passed("test result: FAILED. 3 passed; 1 failed"), None);
    }
}
