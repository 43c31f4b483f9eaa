//! `cargo xtask layers`: what the compiler does not check about the tree.
//!
//! Rules, each in a module of its own: imports point down ([`table`]), only `src/sync` names a
//! backend, and only a backend's own file its crate ([`backends`]), files stay short ([`length`]),
//! every ordering is tagged and the tag is true ([`tags`]), the README's links lead somewhere
//! wherever it is read ([`readme`]). The rules read tokens ([`paths`]), so comments and docs may
//! say what they like.

mod backends;
mod folders;
mod length;
mod orderings;
mod paths;
mod readme;
mod table;
pub(crate) mod tags;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use stampool::raw::sync::site::SITES;

pub(crate) use self::table::layer_of;
use crate::weaken::ARGUED;
use crate::workspace;

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// A file of the repository.
pub(crate) struct File {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

/// A rule that is broken somewhere.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Runs the command.
///
/// # Errors
/// Where a rule is broken, or there was nothing to read.
pub(crate) fn run(_options: &Options) -> Result<()> {
    let all = rust_files("")?;
    let core: Vec<&File> = all.iter().filter(|file| file.path.starts_with("src/")).collect();
    ensure!(!core.is_empty(), "src has no file");

    let mut findings: Vec<Finding> = all.iter().filter_map(length::check).collect();
    for file in &core {
        let mentions = paths::mentions(&file.text).with_context(|| file.path.clone())?;
        findings.extend(table::check(&file.path, &mentions));
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
    let tags = tags::read(&all);
    let scenarios = text_below(&all, "loom-tests/src/scenarios/");
    let argued: Vec<&str> = ARGUED.iter().map(|argued| argued.site).collect();
    findings.extend(tags::check(&tags, SITES, &scenarios, &argued));

    findings.iter().for_each(|finding| println!("{finding}"));
    ensure!(findings.is_empty(), "{} findings", findings.len());
    println!(
        "{} layers, {} files of the core, {} files in all, {} tags of {} ordering sites: as they must be",
        table::LAYERS.len(),
        core.len(),
        all.len(),
        tags.len(),
        SITES.len()
    );
    Ok(())
}

fn text_file(root: &Path, path: &str) -> Result<File> {
    let text = fs::read_to_string(root.join(path)).with_context(|| format!("no {path}"))?;
    Ok(File { path: path.into(), text })
}

/// The folders of `root`, hidden ones and build outputs apart.
fn folders_of(root: &Path) -> Result<Vec<String>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && name != "target" && !name.starts_with('.') {
            folders.push(name);
        }
    }
    Ok(folders)
}

/// All `.rs` files below `folder` of the repository, build outputs and hidden folders apart.
///
/// # Errors
/// Where one cannot be read.
pub(crate) fn rust_files(folder: &str) -> Result<Vec<File>> {
    let root = workspace::root()?;
    let mut files = Vec::new();
    collect(&root.join(folder), &root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(folder: &Path, root: &Path, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, root, files)?;
            }
        } else if name.ends_with(".rs") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
            let relative = path.strip_prefix(root)?.components();
            let parts: Vec<_> = relative.map(|part| part.as_os_str().to_string_lossy()).collect();
            files.push(File { path: parts.join("/"), text });
        }
    }
    Ok(())
}

fn text_below(files: &[File], folder: &str) -> String {
    files.iter().filter(|file| file.path.starts_with(folder)).map(|file| &*file.text).collect()
}
