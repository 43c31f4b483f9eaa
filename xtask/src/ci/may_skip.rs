//! What may be skipped: `.ci/may-skip.txt`, against what was.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The list, in the workspace's root.
const LIST: &str = ".ci/may-skip.txt";

/// A line of the list.
#[derive(Debug, PartialEq)]
struct Entry {
    name: String,
    /// The source file in which the skip is.
    file: String,
}

/// The list.
#[derive(Debug)]
pub(super) struct MaySkip(Vec<Entry>);

impl MaySkip {
    /// Reads the list.
    ///
    /// # Errors
    /// Where a line is not `name: file: why`, or names a skip that the file does not have.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(LIST)).with_context(|| format!("no {LIST}"))?;
        let may = Self::parse(&text)?;
        for Entry { name, file } in &may.0 {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            let is_there = source.contains(&format!("\"{name}\""));
            ensure!(is_there, "{LIST}: {file} has no skip of the name {name}");
        }
        Ok(may)
    }

    fn parse(text: &str) -> Result<Self> {
        let entry = |line: &str| {
            let mut parts = line.splitn(3, ": ").map(str::trim).map(str::to_owned);
            let (name, file, why) = (parts.next(), parts.next(), parts.next());
            let (Some(name), Some(file)) = (name, file) else { return None };
            why.filter(|why| !why.is_empty()).map(|_| Entry { name, file })
        };
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let mut names = BTreeSet::new();
        let mut entries = Vec::new();
        for line in lines {
            let entry =
                entry(line).with_context(|| format!("{LIST}: not name: file: why: {line}"))?;
            ensure!(names.insert(entry.name.clone()), "{LIST} names {} twice", entry.name);
            entries.push(entry);
        }
        Ok(Self(entries))
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|entry| entry.name == name)
    }

    /// What was skipped, by the file that all steps append to: what may be, and what may not.
    ///
    /// # Errors
    /// Where a line does not tell of a skip.
    pub(super) fn judge(&self, skipped: &str) -> Result<Skipped> {
        let lines: BTreeSet<&str> = skipped.lines().collect();
        let mut judged = Skipped::default();
        for line in lines {
            let (name, _) = skips::parse(line).with_context(|| format!("not a skip: {line}"))?;
            let list = if self.has(name) { &mut judged.listed } else { &mut judged.unlisted };
            list.push(line.to_owned());
        }
        Ok(judged)
    }
}

/// Skips, as they were told, each once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Skipped {
    pub(super) listed: Vec<String>,
    pub(super) unlisted: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn the_list_names_skips_that_there_are() {
        MaySkip::read(&root()).expect("a list");
    }

    #[test]
    fn an_entry_for_nothing_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(".ci")).expect("a folder");
        let list = |line: &str| fs::write(folder.path().join(LIST), line).expect("a file");
        fs::write(folder.path().join("a.rs"), "skip(\"miri\", reason)").expect("a file");
        list("miri: a.rs: it is slow\n");
        assert!(MaySkip::read(folder.path()).is_ok());
        for line in ["qemu: a.rs: it is slow", "miri: b.rs: it is slow", "miri: a.rs", "miri"] {
            list(line);
            assert!(MaySkip::read(folder.path()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_skip_that_is_not_in_the_list_is_told_apart() {
        let may = MaySkip::parse("# why\n\ncargo-fuzz: a.rs: it takes long\n").expect("a list");
        let judged = may.judge("skipped: miri: no\nskipped: cargo-fuzz: no\nskipped: miri: no\n");
        let judged = judged.expect("lines");
        assert_eq!(judged.listed, ["skipped: cargo-fuzz: no"]);
        assert_eq!(judged.unlisted, ["skipped: miri: no"], "once");
        assert!(may.judge("something else\n").is_err());
    }

    /// A line that is only printed goes unseen where a test passes. This finds the literal words; a
    /// test that returns early and says nothing must be found by its reader.
    #[test]
    fn nothing_is_skipped_but_through_the_crate_skips() {
        fn look(folder: &Path, found: &mut Vec<PathBuf>) {
            for file in fs::read_dir(folder).expect("a folder") {
                let path = file.expect("a file").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                if path.is_dir() && name != "target" && !name.starts_with('.') {
                    look(&path, found);
                } else if name.ends_with(".rs") {
                    let text = fs::read_to_string(&path).expect("a file");
                    if text.contains(concat!("!(\"", "skipped: ")) {
                        found.push(path);
                    }
                }
            }
        }
        let mut found = Vec::new();
        look(&root(), &mut found);
        let mine = |path: &&PathBuf| !path.ends_with("support/skips/src/lib.rs");
        assert_eq!(found.iter().filter(mine).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    }
}
