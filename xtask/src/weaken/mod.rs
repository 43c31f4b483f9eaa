//! `cargo xtask weaken`: is every ordering needed?
//!
//! Each site of the core runs one step weaker, under the unchanged checks; some check must notice.
//! One build serves all mutants: model binaries read `STAMPOOL_WEAKEN=SITE=Ordering`. The checks are
//! loom's rows, or with `--porf` those of porf. The twins are
//! run with them: a tag that is cut, a head that is read in halves are no orderings, but needed
//! too.

mod argued;
mod hunt;
mod line;
mod report;

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use ledger::{Checker, DEEP_TIER, Expect, Row};
use stampool::raw::sync::site::{SITES, Site};

use crate::common::models::{self, Model};
use crate::common::{run_rows, workspace};
use crate::layers;
pub(crate) use argued::ARGUED;
use argued::{Argued, MOST_ARGUED};
use hunt::Hunt;
pub(crate) use hunt::is_verdict_of_the_check;
use line::{Judged, Mutant};

/// What to weaken.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this site.
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Stop a check that takes longer.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    limit: u64,
    /// Run so many mutants at a time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Leave out the weakenings that are argued to change nothing: no check kills them, so all are
    /// asked.
    #[arg(long)]
    skip_argued: bool,
    /// Ask the rows that porf runs, and none of loom's.
    #[arg(long)]
    porf: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a mutant survives unargued, an argued one is killed, or there are too many arguments.
pub(crate) fn run(options: &Options) -> Result<()> {
    // Before the build, which takes minutes.
    let mutants = weakened(options.site.as_deref())?;
    let model = if options.porf { Model::Porf } else { Model::Loom };
    let executable = models::build(model, model.checks())?;
    models::assert_backend(model, &executable)?;
    run_in(&executable, options, mutants)
}

/// The weakened orderings of all sites, or of one.
///
/// # Errors
/// Where the one site is unknown, or has no weaker ordering.
fn weakened(wanted: Option<&str>) -> Result<Vec<Mutant>> {
    let is_wanted = |site: &&Site| wanted.is_none_or(|name| name == site.name);
    let sites: Vec<&Site> = SITES.iter().filter(is_wanted).collect();
    if let Some(name) = wanted {
        let known: Vec<&str> = SITES.iter().map(|site| site.name).collect();
        ensure!(!sites.is_empty(), "no site is called `{name}`; there are {}", known.join(", "));
        let is_weak = sites.iter().all(|site| site.weaker().is_empty());
        ensure!(!is_weak, "{name} is Relaxed already, so it has no weaker ordering");
    }
    let weaker = |site: &Site| {
        let site = *site;
        site.weaker().iter().map(move |to| Mutant { site, to: *to })
    };
    Ok(sites.into_iter().flat_map(weaker).collect())
}

/// Runs everything in a binary that is there already: loom's, or porf's if `porf`.
///
/// # Errors
/// As [`run()`].
pub(crate) fn run_all(
    executable: &Path,
    porf: bool,
    limit: u64,
    jobs: usize,
    skip_argued: bool,
) -> Result<()> {
    run_in(executable, &Options { site: None, limit, jobs, skip_argued, porf }, weakened(None)?)
}

fn run_in(executable: &Path, options: &Options, mutants: Vec<Mutant>) -> Result<()> {
    ensure!(ARGUED.len() <= MOST_ARGUED, "{} arguments, at most {MOST_ARGUED}", ARGUED.len());
    for Argued { site, to, .. } in ARGUED {
        let known = SITES.iter().any(|known| known.name == *site && known.weaker().contains(to));
        ensure!(known, "{site} as {to:?} is argued, but there is no such mutant");
    }
    let checker = if options.porf { Checker::Porf } else { Checker::Loom };
    let (rows, twins) = candidates(run_rows::list(executable)?, checker);

    let (left_out, mutants): (Vec<Mutant>, Vec<Mutant>) =
        mutants.into_iter().partition(|mutant| options.skip_argued && mutant.argument().is_some());
    for Mutant { site, to } in &left_out {
        println!("argued, and not asked here: {} as {to:?}", site.name);
    }
    ensure!(!mutants.is_empty(), "all of its weakened orderings are argued to change nothing");
    let tags = layers::tags::read(&layers::rust_files("src")?);
    let hunt = Hunt { executable, rows: &rows, tags: &tags, limit_s: options.limit };
    let mut lines = hunt.all(&mutants, options.jobs)?;
    let whole = options.site.is_none();
    if whole {
        lines.extend(hunt.twins(&twins, options.jobs));
    }

    let relaxed: Vec<&str> =
        SITES.iter().filter(|site| site.weaker().is_empty()).map(|site| site.name).collect();
    report::print(&lines, &relaxed);
    let file = if options.porf { "weaken-porf.json" } else { "weaken.json" };
    let path = workspace::output()?.join(file);
    let judged: Vec<Judged<'_>> =
        lines.iter().map(|line| Judged { line, fault: line.fault() }).collect();
    fs::write(&path, serde_json::to_string_pretty(&judged)? + "\n")?;
    let mut faults: Vec<String> = judged.into_iter().filter_map(|line| line.fault).collect();
    if whole && twins.is_empty() {
        faults.push("no twin is registered".into());
    }
    faults.iter().for_each(|fault| println!("fault: {fault}"));
    ensure!(faults.is_empty(), "{} faults among {} mutants", faults.len(), lines.len());
    Ok(())
}

/// The rows that may kill a mutant of a site, and the twins, which must fail.
fn candidates(all: Vec<Row>, checker: Checker) -> (Vec<Row>, Vec<Row>) {
    // porf ends at the first fault: a deep row may be long where nothing is wrong, and quick here.
    let is_asked =
        |row: &Row| row.checker == checker && (row.tier < DEEP_TIER || checker == Checker::Porf);
    let asked = all.into_iter().filter(is_asked);
    let (passing, failing): (Vec<Row>, Vec<Row>) =
        asked.partition(|row| row.expect == Expect::Pass);
    (
        passing.into_iter().filter(|row| hunt::KILLERS.contains(&&*row.strategy)).collect(),
        failing.into_iter().filter(|row| row.scenario.starts_with("twin/")).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_site_is_weakened_and_an_unknown_or_relaxed_one_is_refused_by_name() {
        let all = weakened(None).expect("there are sites");
        let site = all[0].site.name;
        let one = weakened(Some(site)).expect("a known site");
        assert!(one.len() < all.len() && one.iter().all(|mutant| mutant.site.name == site));
        let said = |name| weakened(Some(name)).err().expect("refused").to_string();
        assert!(said("FL-99").contains("no site is called `FL-99`"));
        let relaxed = SITES.iter().find(|site| site.weaker().is_empty()).expect("one is Relaxed");
        assert!(said(relaxed.name).contains("Relaxed already"));
    }
}
