//! `cargo xtask scale`: builds the scale binary and runs it with the settings of a quick or a full
//! run. What it finds goes to `target/stampool/scale`, or where it is told to.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;

/// Quick without further words.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Nine rounds of 2 ms. The default.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// 25 rounds of 10 ms.
    #[arg(long)]
    full: bool,
    /// The folder for scale.json and scale.html, instead of target/stampool/scale.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// More words for the scale binary: `-- --threads 1,2 --format markdown`.
    #[arg(last = true)]
    words: Vec<String>,
}

const QUICK: &[&str] = &["--rounds", "9", "--turn-ms", "2"];
const FULL: &[&str] = &["--rounds", "25", "--turn-ms", "10"];

/// Runs the command.
///
/// # Errors
/// Where the binary fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let out = match &options.out {
        // Cargo runs the binary in the workspace's root.
        Some(folder) => std::path::absolute(folder)?,
        None => workspace::output()?.join("scale"),
    };
    let (length, words) = if options.full { ("full", FULL) } else { ("quick", QUICK) };
    let mut cargo = workspace::cargo()?;
    cargo.args(["run", "--quiet", "--release", "--package", "benches", "--bin", "scale", "--"]);
    cargo.args(words).arg("--out").arg(&out);
    cargo.args(["--made-by", &command(length, &options.words)]);
    let status = cargo.args(&options.words).status().context("cannot start cargo")?;
    ensure!(status.success(), "scale failed");
    eprintln!("{}", out.join("scale.html").display());
    Ok(())
}

/// What to name on the page.
fn command(length: &str, words: &[String]) -> String {
    let between = if words.is_empty() { "" } else { " -- " };
    format!("cargo xtask scale --{length}{between}{}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(command("quick", &[]), "cargo xtask scale --quick");
        let words = ["--threads".to_owned(), "1,2".to_owned()];
        assert_eq!(command("full", &words), "cargo xtask scale --full -- --threads 1,2");
    }
}
