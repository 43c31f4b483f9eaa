//! What was checked: rows of different builds are not to be mixed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::common::workspace;

/// Everything that goes into the model binaries, and this program, which chooses what they run.
const SOURCES: [&str; 12] = [
    ".cargo",
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "support/exact-outcomes",
    "support/histories",
    "support/ledger",
    "support/porf",
    "support/rc11",
    "loom-tests",
    "shuttle-tests",
    "xtask",
];
/// Anything else there (an editor's backup) is no source.
const EXTENSIONS: [&str; 4] = ["rs", "toml", "lock", "patch"];

/// A build, by what went into it and what came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    /// The commit, for people: `sources` sees changes that were not committed, too.
    pub(crate) commit: String,
    /// Digest of the sources, the patch for loom among them.
    pub(crate) sources: String,
    /// The compiler.
    pub(crate) toolchain: String,
    /// Digest of the model binaries. Folders of the machine go into those, so two machines may
    /// differ here, but one machine's resumed run must not.
    pub(crate) binaries: String,
}

impl Build {
    /// Of the workspace as it is, and of `executables`.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub(crate) fn of<'a>(executables: impl IntoIterator<Item = &'a Path>) -> Result<Self> {
        let root = workspace::root()?;
        let binaries: Vec<Vec<u8>> =
            executables.into_iter().map(fs::read).collect::<Result<_, _>>()?;
        Ok(Self {
            commit: commit(&root),
            sources: sources(&root)?,
            toolchain: toolchain(&root)?,
            binaries: ledger::digest(binaries.iter().map(Vec::as_slice)),
        })
    }

    /// In what `other` was built from something else; the machines may differ.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut all = Vec::new();
        if self.sources != other.sources {
            all.push(format!(
                "sources {} (commit {}), not {} (commit {})",
                other.sources, other.commit, self.sources, self.commit
            ));
        }
        if self.toolchain != other.toolchain {
            all.push(format!("toolchain {}, not {}", other.toolchain, self.toolchain));
        }
        all
    }
}

fn commit(root: &Path) -> String {
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).current_dir(root).output().ok()?;
        let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
        Some(text.trim().to_string())
    };
    match (git(&["rev-parse", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        _ => "unknown".into(),
    }
}

fn toolchain(root: &Path) -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").current_dir(root).output()?;
    let text = String::from_utf8(output.stdout).context("rustc's version is not UTF-8")?;
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let parts = line("rustc ").zip(line("host: "));
    let (version, host) = parts.context("rustc does not say its version")?;
    Ok(format!("{version}, {host}"))
}

fn sources(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&root.join(source), &mut files)?;
    }
    digest_of(root, files)
}

/// Names and contents, in an order of their own.
fn digest_of(root: &Path, mut files: Vec<PathBuf>) -> Result<String> {
    files.sort();
    let mut parts = Vec::new();
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().into_owned();
        parts.push(name.into_bytes());
        parts.push(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(ledger::digest(parts.iter().map(Vec::as_slice)))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|is| EXTENSIONS.iter().any(|known| is == *known)) {
        files.push(path.to_path_buf());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_text_or_another_name_is_another_build() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("src")).unwrap();
        let digest = |text: &str, name: &str| {
            let path = root.join("src").join(name);
            fs::write(&path, text).unwrap();
            let mut files = Vec::new();
            collect(root, &mut files).unwrap();
            let digest = digest_of(root, files).unwrap();
            fs::remove_file(path).unwrap();
            digest
        };
        assert_eq!(digest("a", "a.rs"), digest("a", "a.rs"));
        assert_ne!(digest("a", "a.rs"), digest("b", "a.rs"));
        assert_ne!(digest("a", "a.rs"), digest("a", "b.rs"));
        assert_eq!(digest("a", "a.rs~"), digest("b", "a.rs~"));
    }

    #[test]
    fn the_workspace_has_a_name() {
        let build = Build::of([]).unwrap();
        assert!(build.differences(&build).is_empty());
        assert!(build.toolchain.starts_with(char::is_numeric), "{}", build.toolchain);
        let other = Build { sources: "x".into(), ..build.clone() };
        assert!(build.differences(&other)[0].starts_with("sources x"));
        let elsewhere = Build { binaries: "x".into(), commit: "x".into(), ..build.clone() };
        assert!(build.differences(&elsewhere).is_empty());
    }
}
