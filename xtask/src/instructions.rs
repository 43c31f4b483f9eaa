//! `cargo xtask instructions`: counts the instructions of a hit, of exchanges, of carving, and of a
//! hit in a checked and in a hardened pool, and compares with the counts that were kept.
//!
//! Counts do not depend on what else the machine does, so they can be a gate where times cannot.
//! They depend on the compiler: with another one than the counts are from, nothing is judged.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::common::workspace;

/// Judges unless told to save.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Keep these counts: they become what later ones are compared with.
    #[arg(long)]
    save: bool,
}

/// The paths of `benches/atomics/examples/paths.rs`, and how many operations each counts.
const PATHS: [&str; 5] = ["hit", "exchange", "carve", "checked", "hardened"];
pub(crate) const OPERATIONS: f64 = 1000.0;
/// The share by which a count may grow. On one machine counts repeat exactly, run after run; this
/// is for what another one's C library may do. One instruction more per operation is beyond it on the
/// three paths of an unchecked pool.
const TOLERANCE: f64 = 0.03;

/// Counts, and what they are from.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    /// `rustc --version`.
    rustc: String,
    /// `valgrind --version`.
    valgrind: String,
    /// Architecture.
    machine: String,
    /// Instructions per path.
    instructions: BTreeMap<String, u64>,
}

/// Runs the command.
///
/// # Errors
/// Where a path takes more instructions than it did, or cannot be counted though valgrind is there.
pub(crate) fn run(options: &Options) -> Result<()> {
    let Some(valgrind) = version("valgrind") else {
        skips::skip("valgrind", "it is not installed");
        return Ok(());
    };
    let file = workspace::root()?.join("benches/instructions.json");
    let rustc = version("rustc").context("there is no rustc")?;
    let kept: Option<Counts> = match fs::read(&file) {
        Ok(text) => Some(serde_json::from_slice(&text)?),
        Err(_) => None,
    };
    let machine = std::env::consts::ARCH.to_owned();
    if let Some(kept) = kept.as_ref().filter(|_| !options.save)
        && (&kept.rustc, &kept.valgrind, &kept.machine) != (&rustc, &valgrind, &machine)
    {
        let reason = format!(
            "the counts are of {}, {}, {}; here are {rustc}, {valgrind}, {machine}",
            kept.rustc, kept.valgrind, kept.machine
        );
        skips::skip("instructions", &reason);
        return Ok(());
    }
    let example = build("paths", &["--release"])?;
    let mut instructions = BTreeMap::new();
    for path in PATHS {
        let count = count(&example, &[path])?;
        println!("{path}: {:.1} instructions per operation", count as f64 / OPERATIONS);
        instructions.insert(path.to_owned(), count);
    }
    let now = Counts { rustc, valgrind, machine, instructions };
    if options.save {
        return Ok(fs::write(&file, serde_json::to_string_pretty(&now)? + "\n")?);
    }
    let kept = kept.context("no counts are kept; `cargo xtask instructions --save` does")?;
    let dearer = dearer(&kept, &now);
    ensure!(dearer.is_empty(), "more than {TOLERANCE} above what was kept: {}", dearer.join(", "));
    Ok(())
}

/// The paths that take more than they did, beyond the tolerance, in words.
fn dearer(kept: &Counts, now: &Counts) -> Vec<String> {
    now.instructions
        .iter()
        .filter_map(|(path, &count)| {
            let before = kept.instructions.get(path).copied().unwrap_or(0);
            let limit = before as f64 * (1.0 + TOLERANCE);
            (count as f64 > limit).then(|| format!("{path} from {before} to {count}"))
        })
        .collect()
}

/// The first line of `program --version`, if there is such a program.
pub(crate) fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or("").to_owned())
}

/// Builds an example of `benches/atomics`, with these words for cargo.
pub(crate) fn build(example: &str, words: &[&str]) -> Result<PathBuf> {
    let mut cargo = workspace::cargo()?;
    cargo.args(["build", "--quiet", "--package", "atomics", "--example", example]).args(words);
    cargo.arg("--message-format=json-render-diagnostics");
    let output = cargo.stderr(std::process::Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the example does not compile");
    cargo_metadata::Message::parse_stream(&*output.stdout)
        .filter_map(|message| match message {
            Ok(cargo_metadata::Message::CompilerArtifact(artifact)) => artifact.executable,
            _ => None,
        })
        .last()
        .map(PathBuf::from)
        .context("cargo tells no executable")
}

/// Instructions of what the example counts when it gets these words.
pub(crate) fn count(example: &Path, words: &[&str]) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"])
        .arg(example)
        .args(words)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed on {words:?}: {text}");
    let count = collected(&text).with_context(|| format!("callgrind tells no count: {text}"))?;
    ensure!(count > 0, "no instruction of {words:?} was counted: is its function still there?");
    Ok(count)
}

/// The number on callgrind's last lines: `==7== Collected : 12345`.
fn collected(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(hit: u64) -> Counts {
        Counts {
            rustc: "r".into(),
            valgrind: "v".into(),
            machine: "m".into(),
            instructions: BTreeMap::from([("hit".to_owned(), hit)]),
        }
    }

    #[test]
    fn more_is_seen_and_a_little_more_is_not() {
        assert!(dearer(&counts(1000), &counts(900)).is_empty());
        assert!(dearer(&counts(1000), &counts(1029)).is_empty());
        assert_eq!(dearer(&counts(1000), &counts(1031)), ["hit from 1000 to 1031"]);
        let none = Counts { instructions: BTreeMap::new(), ..counts(0) };
        assert_eq!(dearer(&none, &counts(1)).len(), 1, "a path that was not kept");
    }

    #[test]
    fn the_count_is_read_from_what_callgrind_says() {
        let text = "==7== Events    : Ir\n==7== Collected : 9123\n==7==\n";
        assert_eq!(collected(text), Some(9123));
        assert_eq!(collected("==7== nothing"), None);
    }
}
