//! `cargo xtask bench`: builds the bench binary and runs it with the settings of a quick or a full
//! run. What it finds goes to `target/stampool/bench`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;

/// Quick without further words.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The workloads of the promises, fifteen rounds, no memory. The default.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Every subject, 64 bytes, 1 to 8 threads, and memory. Other sizes: `-- --sizes 16,256,4096`.
    #[arg(long)]
    full: bool,
    /// Keep the result as a baseline of this name.
    #[arg(long, value_name = "NAME", value_parser = name)]
    save: Option<String>,
    /// Compare with the baseline of this name.
    #[arg(long, value_name = "NAME", value_parser = name)]
    baseline: Option<String>,
    /// Fail unless every promise is met.
    #[arg(long)]
    check: bool,
    /// More words for the bench binary: `-- --workload hit --memory`.
    #[arg(last = true)]
    words: Vec<String>,
}

/// A baseline's name: a file name and no path.
fn name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.chars().all(is_plain) && !text.starts_with('.') && !text.is_empty() {
        Ok(text.into())
    } else {
        Err("letters, digits, - and _".into())
    }
}

const QUICK: &[&str] = &["--rounds", "15", "--threads", "1,2,8", "--promised"];
const FULL: &[&str] = &["--rounds", "15", "--suite", "all", "--threads", "1,2,4,8", "--memory"];

/// Runs the command.
///
/// # Errors
/// Where the binary fails, a baseline is not there, or a promise is not met and must be.
pub(crate) fn run(options: &Options) -> Result<()> {
    let out = workspace::output()?.join("bench");
    fs::create_dir_all(&out)?;
    let (length, words) = if options.full { ("full", FULL) } else { ("quick", QUICK) };
    let mut cargo = workspace::cargo()?;
    cargo.args(["run", "--quiet", "--release", "--package", "benches", "--bin", "bench", "--"]);
    cargo.args(words).arg("--out").arg(&out);
    cargo.args(["--made-by", &format!("cargo xtask bench --{length} {}", options.words.join(" "))]);
    if let Some(name) = &options.baseline {
        let path = saved(name)?;
        ensure!(path.is_file(), "no baseline {name}; `--save {name}` makes one");
        cargo.arg("--baseline").arg(path);
    }
    if options.check {
        cargo.arg("--check");
    }
    let status = cargo.args(&options.words).status().context("cannot start cargo")?;
    ensure!(status.code() != Some(3), "a promise was not met");
    ensure!(status.success(), "bench failed");
    if let Some(name) = &options.save {
        fs::copy(out.join("bench.json"), saved(name)?)?;
    }
    println!("{}", out.join("bench.html").display());
    Ok(())
}

/// The file of a baseline. Its folder is made where there is none.
fn saved(name: &str) -> Result<PathBuf> {
    let folder = workspace::output()?.join("bench/baselines");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{name}.json")))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_is_no_path() {
        assert!(name("before-b64").is_ok());
        for bad in ["", "../x", "a/b", ".hidden"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
