//! `cargo xtask family`: measures the members of the allocator family beside other allocators, prints
//! one table, and writes `target/stampool/family.json` and `family.html`.
//!
//! The quick run counts the instructions of single calls under callgrind, which takes a minute or two
//! and does not depend on what else the machine does. The full one also replays heap traces (the
//! smallest heap, instructions, time), times the members that threads share, and runs these on real
//! threads.

mod calls;
mod figures;
mod heaps;
mod page;
#[cfg(test)]
mod promises;
mod table;
mod threads;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use self::figures::Found;
use crate::common::{made, workspace};

/// Quick without further words.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Instructions of single calls alone, which valgrind counts: a minute or two. The default.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Heap traces, times and threads as well: several minutes.
    #[arg(long)]
    full: bool,
    /// The folder for family.json and family.html, instead of target/stampool.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Where something cannot be measured, a member breaks its contract, or a bar is missed by more than it
/// is known to be. A bar of time is printed as missed and fails nothing.
pub(crate) fn run(options: &Options) -> Result<()> {
    let word = if options.full { "full" } else { "quick" };
    let mut found = Found::new(made::made(&format!("cargo xtask family --{word}"))?);
    calls::run(&mut found)?;
    if options.full {
        heaps::run(&mut found)?;
        threads::times(&mut found)?;
        threads::stress(&mut found)?;
    } else {
        found.left.push("left to --full: heap traces, times and threads".into());
    }
    let out = match &options.out {
        Some(folder) => folder.clone(),
        None => workspace::output()?,
    };
    let (json, html) = (out.join("family.json"), out.join("family.html"));
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    fs::write(&json, serde_json::to_string_pretty(&found)? + "\n")?;
    fs::write(&html, page::page(&found).html())?;
    println!("{}", table::table(&found));
    for line in &found.left {
        println!("{line}");
    }
    println!("{}\n{}", json.display(), html.display());
    println!("{}", found.verdict());
    let failures = found.failures();
    ensure!(failures.is_empty(), "worse than it was: {}", failures.join("; "));
    Ok(())
}
