//! `cargo xtask atomics`: counts the atomic accesses of each path of each pool, in the steered
//! build, and compares them with those that were kept.
//!
//! Counts are of one thread and repeat exactly, on every machine; so any difference is one of the
//! code. A hit must have none, whatever was kept. Mutants with one access more must be seen in each
//! run.

mod compare;
mod judge;
mod tables;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use atomics::{Report, Row};

use crate::common::{models, workspace};
use crate::steered;

/// Judges unless told to save.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Keep these counts: they become what later ones are compared with.
    #[arg(long)]
    save: bool,
    /// Print them by ordering site too.
    #[arg(long)]
    sites: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a hit accesses anything, a mutant is not seen, or a count is not as it was kept.
pub(crate) fn run(options: &Options) -> Result<()> {
    let report = count()?;
    let out = workspace::output()?.join("atomics");
    fs::create_dir_all(&out)?;
    let path = out.join("atomics.json");
    fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")?;

    println!("{}", tables::sums(&report.rows));
    if options.sites {
        println!("\n{}", tables::sites(&report.rows));
    }
    println!("\n{}\n{}", tables::NOTES, path.display());

    let free = judge::free(&report.rows)?;
    println!("{free} rows of hits access nothing");
    judge::mutants(&report.mutants)?;
    println!("{} mutants with one access more: each is seen", report.mutants.len());

    let kept = workspace::root()?.join("benches/atomics.json");
    if options.save {
        return Ok(fs::write(&kept, compare::to_text(&report.rows)?)?);
    }
    let text = fs::read_to_string(&kept)
        .context("no counts are kept; `cargo xtask atomics --save` does")?;
    let before: Vec<Row> = serde_json::from_str(&text).context("benches/atomics.json")?;
    let differences = compare::differences(&before, &report.rows);
    differences.iter().for_each(|difference| println!("{difference}"));
    ensure!(
        differences.is_empty(),
        "{} differences from benches/atomics.json; if they are meant: cargo xtask atomics --save",
        differences.len()
    );
    println!("{} rows are as kept", report.rows.len());
    Ok(())
}

/// Builds the program and runs it.
fn count() -> Result<Report> {
    let mut cargo = steered::steered_cargo("build")?;
    cargo.args(["--package", "atomics", "--bin", "atomics"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    eprintln!("building atomics for steered");
    let program = models::executable(cargo, "atomics").context("atomics does not build")?;
    let output = Command::new(program).stderr(std::process::Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the program that counts failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}
