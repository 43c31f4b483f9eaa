//! `cargo xtask weaken`: is every ordering needed?
//!
//! Each site of the core runs one step weaker, under the unchanged checks; some check must notice.
//! One build serves all mutants: model binaries read `STAMPOOL_WEAKEN=SITE=Ordering`. The twins are
//! run with them: a tag that is cut, a head that is read in halves are no orderings, but needed
//! too.

mod hunt;
mod report;

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use ledger::{Checker, DEEP_TIER, Expect, Row};
use serde::Serialize;
use stampool::raw::sync::Ordering;
use stampool::raw::sync::site::{SITES, Site};

use crate::models::{self, Model};
use crate::{layers, run, workspace};
use hunt::Hunt;
pub(crate) use hunt::is_verdict_of_the_check;

/// A weakening that no execution can tell from the shipped code, with the reason.
pub(crate) struct Argued {
    /// The site.
    pub(crate) site: &'static str,
    /// The weaker ordering.
    pub(crate) to: Ordering,
    /// Why nothing changes.
    pub(crate) reason: &'static str,
}

/// The equivalents, [`MOST_ARGUED`] at most.
pub(crate) const ARGUED: &[Argued] = &[
    Argued {
        site: "DL-2",
        to: Ordering::Relaxed,
        reason: "not equivalent by C11, but only load buffering tells the two apart, which loom never \
                 produces: a thread that raises the flag and then empties the open stack, where \
                 another one sees the stack empty and the flag still down (papers/memory-bound.md, \
                 With a limbo)",
    },
    Argued {
        site: "SH-1",
        to: Ordering::Relaxed,
        reason: "as DL-2: a thread that counts an arrival and then takes a batch from another shard, \
                 where another one sees that batch gone and then reads the count as it was before \
                 (papers/memory-bound.md, With several shards)",
    },
    Argued {
        site: "SH-2",
        to: Ordering::Relaxed,
        reason: "as DL-2: a thread that reads a count and then sees the list empty, where another one \
                 has pushed there and then counted, and both are seen to have come first",
    },
];

/// More than this and an argument has become a habit.
const MOST_ARGUED: usize = 4;

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
}

/// A site, one step weaker.
#[derive(Clone, Copy)]
struct Mutant {
    site: Site,
    to: Ordering,
}

impl Mutant {
    fn argument(&self) -> Option<&'static Argued> {
        ARGUED.iter().find(|argued| argued.site == self.site.name && argued.to == self.to)
    }
}

/// What came of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict")]
enum Verdict {
    /// A check noticed.
    Killed {
        /// The check.
        row: String,
        /// How long it took to.
        executions: u64,
        /// What it said.
        detail: String,
    },
    /// No check noticed.
    Survived {
        /// How many were asked.
        rows: usize,
    },
    /// No check noticed, and some did not come to an end.
    Unclear {
        /// What they said.
        detail: String,
    },
}

/// A line of the report.
#[derive(Serialize)]
struct Line {
    site: String,
    from: String,
    to: String,
    #[serde(flatten)]
    verdict: Verdict,
    /// Why nothing can notice, where that is argued.
    argued: Option<&'static str>,
    /// The checks that notice, according to the tags of the site.
    named: Vec<String>,
}

/// A line as it stands in the JSON.
#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    line: &'a Line,
    /// What is wrong, if something is.
    fault: Option<String>,
}

impl Line {
    fn fault(&self) -> Option<String> {
        let Self { site, to, verdict, argued, named, .. } = self;
        match (verdict, argued) {
            // The named ones are asked first: another one was asked because they did not notice.
            (Verdict::Killed { row, .. }, None) => {
                let is_named = |name: &String| row.contains(&format!("/{name}/"));
                (!named.is_empty() && !named.iter().any(is_named)).then(|| {
                    format!("{site} as {to}: the tag names {}, but {row} kills", named.join(", "))
                })
            }
            (Verdict::Survived { .. }, Some(_)) => None,
            (Verdict::Killed { row, .. }, Some(_)) => {
                Some(format!("{site} as {to} is argued to be equivalent, but {row} kills it"))
            }
            (Verdict::Survived { rows }, None) => {
                Some(format!("{site} as {to} survives {rows} checks"))
            }
            (Verdict::Unclear { detail }, _) => Some(format!("{site} as {to}: {detail}")),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where a mutant survives unargued, an argued one is killed, or there are too many arguments.
pub(crate) fn run(options: &Options) -> Result<()> {
    let model = Model::Loom;
    let executable = models::build(model, model.checks())?;
    models::assert_backend(model, &executable)?;
    run_in(&executable, options)
}

/// Runs everything in a loom binary that is there already.
///
/// # Errors
/// As [`run()`].
pub(crate) fn run_all(executable: &Path, limit: u64, jobs: usize, skip_argued: bool) -> Result<()> {
    run_in(executable, &Options { site: None, limit, jobs, skip_argued })
}

fn run_in(executable: &Path, options: &Options) -> Result<()> {
    ensure!(ARGUED.len() <= MOST_ARGUED, "{} arguments, at most {MOST_ARGUED}", ARGUED.len());
    for Argued { site, to, .. } in ARGUED {
        let known = SITES.iter().any(|known| known.name == *site && known.weaker().contains(to));
        ensure!(known, "{site} as {to:?} is argued, but there is no such mutant");
    }
    let (rows, twins) = candidates(run::list(executable)?);

    let wanted = |site: &&Site| options.site.as_ref().is_none_or(|name| *name == site.name);
    let mutants: Vec<Mutant> = SITES
        .iter()
        .filter(wanted)
        .flat_map(|site| site.weaker().iter().map(|to| Mutant { site: *site, to: *to }))
        .collect();
    let (left_out, mutants): (Vec<Mutant>, Vec<Mutant>) =
        mutants.into_iter().partition(|mutant| options.skip_argued && mutant.argument().is_some());
    for Mutant { site, to } in &left_out {
        println!("argued, and not asked here: {} as {to:?}", site.name);
    }
    ensure!(!mutants.is_empty(), "there is no such site, or it is Relaxed already");
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
    let path = workspace::output()?.join("weaken.json");
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
fn candidates(all: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let quick = |row: &Row| row.checker == Checker::Loom && row.tier < DEEP_TIER;
    let loom = all.into_iter().filter(quick);
    let (passing, failing): (Vec<Row>, Vec<Row>) = loom.partition(|row| row.expect == Expect::Pass);
    (
        passing.into_iter().filter(|row| hunt::KILLERS.contains(&&*row.strategy)).collect(),
        failing.into_iter().filter(|row| row.scenario.starts_with("twin/")).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verdict: Verdict, argued: Option<&'static str>) -> Line {
        let (site, from, to) = ("A-1".into(), "Acquire".into(), "Relaxed".into());
        Line { site, from, to, verdict, argued, named: vec!["list/aba".into()] }
    }

    #[test]
    fn only_the_killed_and_the_argued_are_fine() {
        let killed_by =
            |row: &str| Verdict::Killed { row: row.into(), executions: 3, detail: "d".into() };
        let killed = || killed_by("s/list/aba/loom/unbounded");
        let survived = || Verdict::Survived { rows: 7 };
        let unclear = || Verdict::Unclear { detail: "stopped".into() };
        assert_eq!(line(killed(), None).fault(), None);
        assert!(line(killed_by("s/list/aba_2/loom/3"), None).fault().unwrap().contains("names"));
        assert_eq!(line(survived(), Some("why")).fault(), None);
        assert!(line(killed(), Some("why")).fault().unwrap().contains("kills it"));
        assert!(line(survived(), None).fault().unwrap().contains("survives 7 checks"));
        assert!(line(unclear(), None).fault().unwrap().contains("stopped"));
        assert!(line(unclear(), Some("why")).fault().is_some());
    }
}
