//! `cargo xtask mutants`: every kept fault of the core must be killed by its check.
//!
//! All edits go into one copy of the sources, each behind the number of its mutant, which a process
//! chooses by `STAMPOOL_MUTANT=N`. So there is one build per backend, however many mutants there
//! are. Number zero is the shipped code: each killer must be green there, or its verdict would mean
//! nothing. `weaken` runs on the same loom build, and reports as it does alone.
//!
//! With `--porf` the rows of porf are the killers, of the mutants and of the weakened orderings.

mod judge;
mod list;
mod mutant;
mod porf;
mod report;
mod runner;
mod tests_killer;
mod writer;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;
use crate::weaken;
pub(crate) use mutant::{Edit, Killer, Mutant};
use runner::Builds;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only mutants whose name contains this, and no weakened orderings.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Run so many mutants at a time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Stop a killer that takes longer.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    limit: u64,
    /// Leave out the weakened orderings that are argued to change nothing.
    #[arg(long)]
    skip_argued: bool,
    /// Ask the rows that porf runs, and nothing else.
    #[arg(long)]
    porf: bool,
    /// Print the mutants and their killers, and run nothing.
    #[arg(long)]
    list: bool,
}

/// Writes a copy of the tree at `from` with the one mutant that is called `name`, always on.
///
/// # Errors
/// Where there is no such mutant, an edit does not fit, or nothing can be copied.
pub(crate) fn broken_copy(from: &Path, to: &Path, name: &str) -> Result<()> {
    let mutant = list::all().into_iter().find(|mutant| mutant.name == name);
    writer::write_one(from, to, mutant.with_context(|| format!("no mutant is called `{name}`"))?)
}

/// Runs the command.
///
/// # Errors
/// Where a mutant is not killed as its entry says, or a killer is red without a mutant.
pub(crate) fn run(options: &Options) -> Result<()> {
    let all = list::all();
    let wanted = |name: &str| options.filter.as_ref().is_none_or(|part| name.contains(part));
    let chosen: Vec<(usize, &Mutant)> = all
        .iter()
        .enumerate()
        .map(|(at, mutant)| (at + 1, *mutant))
        .filter(|(_, mutant)| wanted(mutant.name))
        .collect();
    let asked_of_porf = if options.porf { porf::asked(&chosen)? } else { Vec::new() };
    let chosen = match options.porf {
        true => asked_of_porf.iter().map(|(number, mutant)| (*number, mutant)).collect(),
        false => chosen,
    };
    ensure!(
        !chosen.is_empty(),
        "no mutant's name contains `{}`; their names: `cargo xtask mutants --list`",
        options.filter.as_deref().unwrap_or_default()
    );
    if options.list {
        chosen.iter().for_each(|(_, mutant)| println!("{}: {:?}", mutant.name, mutant.killer));
        eprintln!("{} of {} mutants are asked for", chosen.len(), all.len());
        return Ok(());
    }
    let copy = workspace::output()?.join("mutants");
    writer::write_all(&workspace::root()?, &copy, &all)?;
    let builds = Builds::new(&copy, chosen.iter().map(|(_, mutant)| mutant.killer))?;
    let lines = runner::run(&builds, &chosen, options.limit, options.jobs)?;
    report::print(&lines);
    let json = serde_json::to_string_pretty(&lines)? + "\n";
    let file = if options.porf { "mutants-porf.json" } else { "mutants.json" };
    fs::write(workspace::output()?.join(file), json)?;
    let faults = lines.iter().filter(|line| line.fault.is_some()).count();
    println!(
        "{} mutants, {} killed as their entries say, {faults} not",
        lines.len(),
        lines.len() - faults
    );
    let executable = if options.porf { builds.porf() } else { builds.loom() };
    let weakened = match (&options.filter, executable) {
        (None, Some(executable)) => {
            let Options { porf, limit, jobs, skip_argued, .. } = *options;
            weaken::run_all(executable, porf, limit, jobs, skip_argued)
        }
        _ => Ok(()),
    };
    ensure!(
        faults == 0,
        "{faults} of {} mutants were not killed as their entries say",
        lines.len()
    );
    weakened
}
