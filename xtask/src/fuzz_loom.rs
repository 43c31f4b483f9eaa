//! `cargo xtask fuzz-loom`: loom against shuttle's plain search, on random small programs.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use ledger::{Checker, Limit, Row};

use crate::common::models::{self, Binary, Kind, Model};
use crate::common::{all_rows, row_table};

/// What to compare.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Use loom as it is published, to show what it misses. Keeps no rows.
    #[arg(long)]
    upstream: bool,
    /// Programs of each shape: 2x2, 2x3, 3x2 (threads x operations).
    #[arg(long, num_args = 3, value_name = "N", default_values_t = [300, 300, 100])]
    programs: Vec<u64>,
    /// A tenth of the programs.
    #[arg(long)]
    quick: bool,
    /// Other seed, other programs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Programs at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Compare this one program.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Where patched loom misses an outcome, or nothing was compared.
pub(crate) fn run(options: &Options) -> Result<()> {
    let model = if options.upstream { Model::LoomUpstream } else { Model::Loom };
    let binary = Binary { package: "shuttle-tests", kind: Kind::Bin, name: "fuzz_loom" };
    let mut fuzz = Command::new(models::build(model, binary)?);
    if let Some(program) = &options.program {
        let status = fuzz.args(["--program", program]).status()?;
        ensure!(status.success() || options.upstream, "loom misses an outcome");
        return Ok(());
    }
    let counts: Vec<u64> =
        options.programs.iter().map(|n| if options.quick { n.div_ceil(10) } else { *n }).collect();
    fuzz.arg("--programs").args(counts.iter().map(ToString::to_string));
    fuzz.args(["--seed", &options.seed.to_string(), "--jobs", &options.jobs.to_string()]);
    let again =
        if options.upstream { "cargo xtask fuzz-loom --upstream" } else { "cargo xtask fuzz-loom" };
    fuzz.args(["--command", again]);
    if options.upstream {
        // Each miss would be printed; here they are what is wanted, and the sum is enough.
        fuzz.stderr(Stdio::null());
    }
    let output = fuzz.stdout(Stdio::piped()).spawn()?.wait_with_output()?;
    let rows = read(&output.stdout, &counts)?;
    if options.upstream {
        return show_upstream(&rows);
    }
    let whole = !options.quick;
    all_rows::update(&rows, |row| whole && row.checker == Checker::Fuzz)?;
    row_table::print(&rows);
    ensure!(output.status.success(), "loom misses outcomes, or a checker is at fault: see above");
    Ok(())
}

/// The rows of all shapes that were asked for, and of no other.
fn read(stdout: &[u8], counts: &[u64]) -> Result<Vec<Row>> {
    let text = core::str::from_utf8(stdout)?;
    let rows: Vec<Row> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("a bad row")?;
    let compared: Vec<Limit> = rows.iter().map(|row| row.bound).collect();
    let asked: Vec<Limit> = counts.iter().filter(|n| **n > 0).map(|n| Limit::Bounded(*n)).collect();
    if asked.is_empty() || compared != asked {
        bail!("asked for {asked:?} programs, compared {compared:?}");
    }
    Ok(rows)
}

fn show_upstream(rows: &[Row]) -> Result<()> {
    for row in rows {
        println!(
            "{} ({} programs): upstream misses {} of {} outcomes; {}",
            row.scenario,
            row.bound,
            row.outcomes_expected - row.outcomes_seen,
            row.outcomes_expected,
            row.detail
        );
    }
    Ok(())
}
