//! `cargo xtask layers`: what the compiler does not check about the tree.
//!
//! Rules, each in a module of its own: imports point down ([`allowed`]), only `src/sync` names a
//! backend, and only a backend's own file its crate ([`backends`]), no files of a crate import from
//! each other in a circle ([`circles`]), files stay short ([`length`]), a module with children lies
//! in a folder ([`mod_style`]), every ordering is tagged and the tag is true ([`tags`]), no two
//! invariants have one name ([`invariants`]), the tables of orderings agree with the sites
//! ([`orderings`]), the README's links lead somewhere wherever it is read ([`readme`]), and
//! CONTRIBUTING.md explains each of the few folders at the top ([`folders`]). The rules read tokens
//! ([`paths`]), so comments and docs may say what they like.

mod allowed;
mod backends;
mod circles;
mod files;
mod finding;
mod folders;
mod invariants;
mod length;
mod mod_style;
mod modules;
mod orderings;
mod paths;
mod readme;
pub(crate) mod tags;

use anyhow::{Context, Result, ensure};
use stampool::raw::sync::site::SITES;

pub(crate) use self::allowed::layer_of;
pub(crate) use self::files::{File, rust_files};
use self::files::{folders_of, text_below, text_file};
use self::finding::Finding;
use crate::common::workspace;
use crate::weaken::ARGUED;

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Runs the command.
///
/// # Errors
/// Where a rule is broken, or there was nothing to read.
pub(crate) fn run(_options: &Options) -> Result<()> {
    let all = rust_files("")?;
    let core: Vec<&File> = all.iter().filter(|file| file.path.starts_with("src/")).collect();
    ensure!(!core.is_empty(), "src has no file");

    let mut findings: Vec<Finding> = all.iter().filter_map(length::check).collect();
    findings.extend(circles::check(&all)?);
    findings.extend(mod_style::check(&all));
    for file in &core {
        let mut mentions = paths::mentions(&file.text).with_context(|| file.path.clone())?;
        if file.path.ends_with("/tests.rs") {
            mentions.iter_mut().for_each(|mention| mention.in_test = true);
        }
        findings.extend(allowed::check(&file.path, &mentions));
        findings.extend(backends::check(&file.path, &mentions));
    }
    let root = workspace::root()?;
    let readme = text_file(&root, "README.md")?;
    let front_page = all.iter().find(|file| file.path == "src/lib.rs").context("no src/lib.rs")?;
    findings.extend(readme::check(&readme, front_page));
    let contributing = text_file(&root, "CONTRIBUTING.md")?;
    findings.extend(folders::check(&folders_of(&root)?, &contributing));
    let chapter = text_file(&root, "src/docs/orderings.md")?;
    findings.extend(orderings::check(SITES, &chapter, &core));
    findings.extend(invariants::check(&core));
    let tags = tags::read(&all);
    let scenarios = text_below(&all, "loom-tests/src/scenarios/");
    let argued: Vec<&str> = ARGUED.iter().map(|argued| argued.site).collect();
    findings.extend(tags::check(&tags, SITES, &scenarios, &argued));

    findings.iter().for_each(|finding| println!("{finding}"));
    ensure!(findings.is_empty(), "{} findings", findings.len());
    println!(
        "{} layers, {} files of the core, {} files in all, no circles, {} tags of {} ordering sites: as they must be",
        allowed::LAYERS.len(),
        core.len(),
        all.len(),
        tags.len(),
        SITES.len()
    );
    Ok(())
}
