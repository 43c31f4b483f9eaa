//! The files that the rules read.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::common::workspace;

/// A file of the repository.
pub(crate) struct File {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

#[cfg(test)]
impl File {
    /// A file for tests.
    pub(super) fn of(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

pub(super) fn text_file(root: &Path, path: &str) -> Result<File> {
    let text = fs::read_to_string(root.join(path)).with_context(|| format!("no {path}"))?;
    Ok(File { path: path.into(), text })
}

/// The folders of `root`, hidden ones and build outputs apart.
pub(super) fn folders_of(root: &Path) -> Result<Vec<String>> {
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

pub(super) fn text_below(files: &[File], folder: &str) -> String {
    files.iter().filter(|file| file.path.starts_with(folder)).map(|file| &*file.text).collect()
}
