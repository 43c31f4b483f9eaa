//! Tests as killers: builds them in the copy, and runs one by name.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use super::judge::TestRun;
use crate::common::{models, workspace};

/// The package of the tests that are not the library's own, in front of a slash in a target.
const STRESS: &str = "stress/";
/// The tests that need the feature `general`.
const GENERAL: &str = "general_called";

/// Builds the test programs `targets` of the copy by one call of cargo for each package, into the
/// workspace's own target folder: what the copy does not change was built there before.
///
/// # Errors
/// Where one does not build.
pub(super) fn build(
    copy: &Path,
    targets: &BTreeSet<&'static str>,
) -> Result<BTreeMap<&'static str, PathBuf>> {
    let (stress, library): (Vec<&str>, Vec<&str>) =
        targets.iter().copied().partition(|target| target.starts_with(STRESS));
    let (general, library): (Vec<&str>, Vec<&str>) =
        library.into_iter().partition(|target| *target == GENERAL);
    let mut built = build_of(copy, "stampool", &[], &library)?;
    built.extend(build_of(copy, "stampool", &["--features", "general"], &general)?);
    // Without the general allocators, which are C and C++.
    built.extend(build_of(copy, "stress", &["--no-default-features"], &stress)?);
    Ok(built)
}

fn build_of(
    copy: &Path,
    package: &str,
    words: &[&str],
    targets: &[&'static str],
) -> Result<BTreeMap<&'static str, PathBuf>> {
    if targets.is_empty() {
        return Ok(BTreeMap::new());
    }
    eprintln!("building the tests {} with all mutants", targets.join(", "));
    let mut cargo = workspace::cargo()?;
    cargo.current_dir(copy).args(["test", "--no-run", "--quiet", "--package", package]);
    cargo.args(words);
    let mut names = Vec::new();
    for target in targets {
        let file = target.strip_prefix(STRESS).unwrap_or(target);
        if file == "lib" {
            cargo.arg("--lib");
            names.push(package);
        } else {
            cargo.args(["--test", file]);
            names.push(file);
        }
    }
    cargo.args(["--message-format", "json-render-diagnostics"]);
    cargo.arg("--target-dir").arg(workspace::root()?.join("target"));
    let built = models::executables(cargo, &names).context("tests do not build")?;
    Ok(targets.iter().copied().zip(built).collect())
}

/// Runs the one test called `name`, with mutant `number`, for at most `limit`.
///
/// # Errors
/// Where it cannot be run.
pub(super) fn run(
    executable: &Path,
    copy: &Path,
    name: &str,
    number: usize,
    limit: Duration,
) -> Result<TestRun> {
    // Two tests of one program may run at the same time without a mutant.
    let log = executable.with_extension(format!("{}-{number}.log", name.replace("::", "-")));
    let file = File::create(&log)?;
    // A file instead of pipes: nobody has to drain it, and a test's own children cannot keep it
    // open beyond the limit.
    let mut child = Command::new(executable)
        .args([name, "--exact", "--test-threads=1"])
        .current_dir(copy)
        .env("CARGO_MANIFEST_DIR", copy)
        .env("STAMPOOL_MUTANT", number.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()?;
    let start = Instant::now();
    let (mut status, mut timed_out) = (None, None);
    while status.is_none() {
        status = child.try_wait()?;
        if status.is_none() && start.elapsed() > limit {
            child.kill()?;
            status = Some(child.wait()?);
            timed_out = Some(limit);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    std::fs::remove_file(&log)?;
    Ok(TestRun { code: status.and_then(|status| status.code()), timed_out, output })
}
