//! Writes copies of the tree with faults in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::Mutant;

/// Stands in an edit for the question whether the mutant is chosen.
const ON: &str = "{on}";
/// What a copy does not get: outputs and history.
const NOT_COPIED: [&str; 2] = ["target", ".git"];
/// The module that answers the question, in the copy alone.
const MODULE: &str = "src/chosen_mutant.rs";
/// What makes the module part of the library.
const DECLARATION: &str = "\nmod chosen_mutant;\npub(crate) use chosen_mutant::mutants_on;\n";

/// Makes `to` a copy of the tree at `from` that holds all `mutants`, numbered from one.
///
/// # Errors
/// Where an edit does not fit, two edits overlap, or nothing can be copied.
pub(super) fn write_all(from: &Path, to: &Path, mutants: &[&Mutant]) -> Result<()> {
    let numbered: Vec<(String, &Mutant)> = mutants
        .iter()
        .enumerate()
        .map(|(at, mutant)| (format!("crate::mutants_on({})", at + 1), *mutant))
        .collect();
    let mut files = edited(from, &numbered)?;
    let library = match files.remove("src/lib.rs") {
        Some(text) => text,
        None => fs::read_to_string(from.join("src/lib.rs")).context("cannot read src/lib.rs")?,
    };
    files.insert("src/lib.rs", library + DECLARATION);
    files.insert(MODULE, module(mutants.len()));
    files.extend(another_version(from, "mutants")?);
    write(from, to, &files)
}

/// Makes `to` a copy of the tree at `from` with one mutant, which is always on.
///
/// # Errors
/// As [`write_all`].
pub(super) fn write_one(from: &Path, to: &Path, mutant: &Mutant) -> Result<()> {
    let mut files = edited(from, &[("true".into(), mutant)])?;
    files.extend(another_version(from, "mutant")?);
    write(from, to, &files)
}

/// The manifest of the tree at `from`, with a word behind the library's version. The copy is built
/// into the target folders of the original, and cargo tells two packages apart by name, version and
/// place in the workspace: with one version it would take what it built of the copy for the
/// original.
fn another_version(from: &Path, word: &str) -> Result<Option<(&'static str, String)>> {
    const MANIFEST: &str = "Cargo.toml";
    let Ok(text) = fs::read_to_string(from.join(MANIFEST)) else { return Ok(None) };
    let (before, rest) =
        text.split_once("\nversion = \"").context("the manifest has no version")?;
    let (version, after) = rest.split_once('"').context("the version has no end")?;
    Ok(Some((MANIFEST, format!("{before}\nversion = \"{version}+{word}\"{after}"))))
}

/// The module that reads the number once. It uses std alone: the choice is no part of what the
/// checkers explore.
fn module(mutants: usize) -> String {
    format!(
        "//! Which mutant this process has chosen.

use std::sync::OnceLock;

pub(crate) fn mutants_on(number: usize) -> bool {{
    static CHOSEN: OnceLock<usize> = OnceLock::new();
    let chosen = *CHOSEN.get_or_init(|| {{
        let Ok(text) = std::env::var(\"STAMPOOL_MUTANT\") else {{ return 0 }};
        let number = text.parse().ok().filter(|number| *number <= {mutants});
        number.unwrap_or_else(|| panic!(\"STAMPOOL_MUTANT={{text}}: there are {mutants} mutants\"))
    }});
    chosen == number
}}
"
    )
}

/// An edit's place in a file.
struct Place<'a> {
    start: usize,
    end: usize,
    mutant: &'a str,
    to: String,
}

/// The files that the mutants change, as they stand afterwards. Each mutant comes with what `{on}`
/// becomes.
///
/// # Errors
/// Where an edit does not fit exactly once, or two edits overlap.
pub(super) fn edited(
    root: &Path,
    mutants: &[(String, &Mutant)],
) -> Result<BTreeMap<&'static str, String>> {
    let mut originals: BTreeMap<&'static str, (String, Vec<Place<'_>>)> = BTreeMap::new();
    for (on, mutant) in mutants {
        for edit in mutant.edits {
            if !originals.contains_key(edit.file) {
                let text = fs::read_to_string(root.join(edit.file))
                    .with_context(|| format!("{}: cannot read {}", mutant.name, edit.file))?;
                originals.insert(edit.file, (text, Vec::new()));
            }
            let (text, places) = originals.get_mut(edit.file).expect("inserted above");
            let count = text.matches(edit.from).count();
            ensure!(
                count == 1,
                "{}: `{}` stands {count} times in {}, not once",
                mutant.name,
                edit.from,
                edit.file
            );
            let start = text.find(edit.from).expect("counted above");
            let (end, to) = (start + edit.from.len(), edit.to.replace(ON, on));
            places.push(Place { start, end, mutant: mutant.name, to });
        }
    }
    originals
        .into_iter()
        .map(|(file, (text, places))| Ok((file, applied(file, &text, places)?)))
        .collect()
}

fn applied(file: &str, text: &str, mut places: Vec<Place<'_>>) -> Result<String> {
    places.sort_by_key(|place| place.start);
    for pair in places.windows(2) {
        ensure!(
            pair[0].end <= pair[1].start,
            "the edits of `{}` and `{}` overlap in {file}",
            pair[0].mutant,
            pair[1].mutant
        );
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for place in &places {
        out.push_str(&text[at..place.start]);
        out.push_str(&place.to);
        at = place.end;
    }
    out.push_str(&text[at..]);
    Ok(out)
}

/// Copies the tree, with `files` instead of those that stand there. A file that is the same already
/// is left alone, so that cargo builds only what has changed.
fn write(from: &Path, to: &Path, files: &BTreeMap<&'static str, String>) -> Result<()> {
    copy_folder(from, to, "", files)?;
    for (file, text) in files {
        put(&to.join(file), text.as_bytes())?;
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn copy_folder(
    from: &Path,
    to: &Path,
    inside: &str,
    files: &BTreeMap<&'static str, String>,
) -> Result<()> {
    fs::create_dir_all(to)?;
    let is_copied = |name: &str| !NOT_COPIED.contains(&name);
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_written = files.contains_key(&*format!("{inside}{name}"));
        if is_copied(&name) && !is_written && !from.join(&name).exists() {
            remove(&entry.path())?;
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            if is_copied(&name) {
                copy_folder(&entry.path(), &target, &format!("{inside}{name}/"), files)?;
            }
        } else if !files.contains_key(&*format!("{inside}{name}")) {
            let bytes = fs::read(entry.path())
                .with_context(|| format!("cannot read {}", entry.path().display()))?;
            put(&target, &bytes)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
