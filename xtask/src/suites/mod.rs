//! `cargo xtask suites`: other allocators' own test suites, run on members of the family.
//!
//! A suite and an adaptor of `support/suites` become a project in `target/stampool/suites`. The suite
//! is not in this repository: rlsf's is in its published package, which cargo has fetched; bumpalo's
//! and bump-scope's are in their repositories, of which the command needs a checkout. It changes as
//! little of a suite as it can, and refuses one in which it does not find what it changes.
//!
//! Each suite must pass on every member, and fail on the faulty ones that `members.txt` there names.
//!
//! Other packages' tests know nothing of allocators: they run with a heap of the family as the
//! program's allocator ([`packages`]).

mod bump_scope;
mod bumpalo;
mod packages;
mod project;
mod rlsf;
mod suite;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use comfy_table::Table;

use self::packages::{Heap, Package};
use self::project::{Outcome, Project};
use self::suite::{LeftOut, Suite};
use crate::common::{terminal, workspace};

/// Where the suites are.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A checkout of the repository github.com/fitzgen/bumpalo. Without it,
    /// target/stampool/peers/bumpalo, if there is one.
    #[arg(long, value_name = "DIR")]
    bumpalo: Option<PathBuf>,
    /// A checkout of the repository github.com/bluurryy/bump-scope. Without it,
    /// target/stampool/peers/bump-scope, if there is one.
    #[arg(long, value_name = "DIR")]
    bump_scope: Option<PathBuf>,
    /// Programs for each property and each fuzz program.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    programs: u64,
}

/// Failed tests that are named.
const SHOWN: usize = 10;
/// A member on each line, and for a faulty one the suites that must fail on it.
const MEMBERS: &str = include_str!("../../../support/suites/members.txt");

/// Runs the command.
///
/// # Errors
/// Where a suite fails on a member, or passes on a broken one, or cannot be built.
pub(crate) fn run(options: &Options) -> Result<()> {
    let suites = [
        (&rlsf::RLSF, Some(published("rlsf")?)),
        (&bumpalo::BUMPALO, checkout("bumpalo", options.bumpalo.as_ref())?),
        (&bump_scope::BUMP_SCOPE, checkout("bump-scope", options.bump_scope.as_ref())?),
    ];
    let mut table = terminal::table(["suite", "member", "pass", "fail", "seconds"], [2, 3, 4]);
    let mut wrong = Vec::new();
    let mut ran = Vec::new();
    for (suite, folder) in suites {
        let Some(folder) = folder else {
            let skip = suite.repository.as_ref().map_or("a package", |it| it.skip);
            skips::skip(skip, "its tests are not in its package: an option names a checkout");
            continue;
        };
        one(suite, &folder, options.programs, &mut table, &mut wrong)?;
        ran.push(suite.name);
        for LeftOut { test, members, why } in suite.left_out {
            let members =
                if members.is_empty() { "all members".into() } else { members.join(", ") };
            println!("{}, left out on {members}: {test} {why}", suite.name);
        }
    }
    for package in packages::PACKAGES {
        on_a_heap(package, &mut table, &mut wrong)?;
    }
    println!("{table}");
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    let packages: Vec<_> = packages::PACKAGES.iter().map(|package| package.name).collect();
    println!(
        "{} of 3 suites ran ({}): they pass on every member, and find the faulty ones; the tests of \
         {} pass with a heap as their allocator",
        ran.len(),
        ran.join(", "),
        packages.join(" and ")
    );
    Ok(())
}

/// The program's allocator, as the table calls it.
const HEAPS: [(&str, Heap); 3] = [
    ("BestFit, the program's", Heap::BestFit),
    ("Stampool, the program's", Heap::General),
    ("forgetful (faulty)", Heap::Forgetful),
];

/// Runs a package's own tests with a heap as the program's allocator.
fn on_a_heap(package: &Package, table: &mut Table, wrong: &mut Vec<String>) -> Result<()> {
    let folder = published(package.name)?;
    for (word, heap) in HEAPS {
        let start = Instant::now();
        let Outcome { is_success, passed, failed, output } =
            packages::test(package, &folder, heap)?;
        let name = package.name;
        let seconds = format!("{:.1}", start.elapsed().as_secs_f64());
        let (pass, fail) = (passed.to_string(), failed.len().to_string());
        table.add_row([name.to_owned(), word.to_owned(), pass, fail, seconds]);
        // Under the faulty heap the process may end before a test fails.
        let is_faulty = heap == Heap::Forgetful;
        let is_well = if is_faulty { !is_success } else { is_success && passed >= package.least };
        if !is_well {
            println!("{output}");
            wrong.push(format!("{name} on {word}: {passed} pass, {} fail", failed.len()));
        }
    }
    for (program, why) in package.left_out {
        println!("{}, left out: {program} {why}", package.name);
    }
    Ok(())
}

/// Runs a suite on all members.
fn one(
    suite: &Suite,
    folder: &Path,
    programs: u64,
    table: &mut Table,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let project = Project::write(suite, folder, programs)?;
    project.build()?;
    for (member, must_fail) in members() {
        if must_fail.is_some_and(|suites| !suites.split(' ').any(|name| name == suite.name)) {
            continue;
        }
        let start = Instant::now();
        let Outcome { is_success, passed, failed, output } = project.test(member, programs)?;
        let name = suite.name;
        table.add_row([
            name.to_owned(),
            if must_fail.is_some() { format!("{member} (faulty)") } else { member.to_owned() },
            passed.to_string(),
            failed.len().to_string(),
            format!("{:.1}", start.elapsed().as_secs_f64()),
        ]);
        let is_well = match must_fail {
            Some(_) => !failed.is_empty(),
            None => is_success && failed.is_empty() && passed >= suite.least,
        };
        if !is_well {
            println!("{output}");
            wrong.push(format!("{name} on {member}: {passed} pass, {} fail", failed.len()));
        } else if must_fail.is_some() {
            let tests: Vec<_> = failed.iter().map(String::as_str).take(SHOWN).collect();
            let more = if failed.len() > SHOWN { ", and others" } else { "" };
            println!("{name} fails on {member}, as it must: {}{more}", tests.join(", "));
        }
    }
    Ok(())
}

/// The members, and for a faulty one the suites that must fail on it.
fn members() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let member = |line: &'static str| match line.split_once(" must fail ") {
        Some((member, suites)) => (member, Some(suites)),
        None => (line, None),
    };
    MEMBERS.lines().map(member)
}

/// The checkout that an option names, or the one in the folder for outputs.
fn checkout(name: &str, named: Option<&PathBuf>) -> Result<Option<PathBuf>> {
    let kept = workspace::output()?.join("peers").join(name);
    Ok(named.cloned().or_else(|| kept.is_dir().then_some(kept)))
}

/// The folder of a published package that the workspace depends on.
fn published(name: &str) -> Result<PathBuf> {
    let root = workspace::root()?;
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).exec()?;
    let package = metadata.packages.into_iter().find(|package| package.name.as_str() == name);
    let manifest = package.with_context(|| format!("no package {name}"))?.manifest_path;
    Ok(manifest.parent().context("a manifest lies in a folder")?.as_std_path().to_path_buf())
}
