//! `cargo xtask hit-path`: prints allocate and deallocate as compiled, and fails unless the way of
//! a hit has no atomic instruction and no call.
//!
//! The probes are compiled from `benches/atomics/examples/hit_path.rs`, through the same public
//! functions that a program uses. Two mutants there break the promise, so every run shows that the
//! judge can say no.

mod judge;
mod listing;

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;
use judge::Charge;
use listing::Listing;

/// There is nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Runs the command.
///
/// # Errors
/// Where a probe is guilty, or a mutant is not.
pub(crate) fn run(_options: &Options) -> Result<()> {
    ensure!(cfg!(target_arch = "x86_64"), "the judge reads x86-64 only");
    let assembly = fs::read_to_string(compile()?)?;
    for probe in ["probe_allocate", "probe_deallocate"] {
        let listing = Listing::of(&assembly, probe)?;
        let hit = judge::judge(&listing);
        println!("{probe}:");
        for (nth, line) in listing.lines.iter().enumerate() {
            let mark = if hit.path.contains(&nth) { '|' } else { ' ' };
            println!("{mark} {line}");
        }
        println!("a hit executes {} instructions (marked)\n", hit.path.len());
        ensure!(hit.charges.is_empty(), "{probe} is not free: {:?}", hit.charges);
    }
    for (mutant, wanted) in [
        ("mutant_with_an_atomic", Charge::is_atomic as fn(&Charge) -> bool),
        ("mutant_with_a_call", Charge::is_departure),
    ] {
        let charges = judge::judge(&Listing::of(&assembly, mutant)?).charges;
        ensure!(charges.iter().any(wanted), "{mutant} must be found guilty, the judge is blind");
        println!("{mutant}: found guilty, as it must: {:?}", charges[0]);
    }
    Ok(())
}

/// Compiles the probes and returns the path of the assembly.
fn compile() -> Result<PathBuf> {
    let source = workspace::root()?.join("benches/atomics/examples/hit_path.rs");
    // cargo does not know of the assembly, so a build that it finds fresh may have none.
    let file = fs::File::options().append(true).open(&source)?;
    file.set_modified(SystemTime::now())?;
    let assembly = workspace::output()?.join("hit-path.s");
    let mut cargo = workspace::cargo()?;
    cargo.args(["rustc", "--quiet", "--release", "--package", "atomics", "--example", "hit_path"]);
    cargo.args(["--", "-C", "codegen-units=1", "--emit"]);
    cargo.arg(format!("asm={}", assembly.display()));
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the probes do not compile");
    Ok(assembly)
}
