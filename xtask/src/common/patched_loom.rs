//! The patched loom: the registry's source of loom 0.7.3, copied and patched.
//!
//! Needs the Rust toolchain only: cargo says where the source lies, the patch is applied here. The
//! copy goes to `target/stampool/loom-0.7.3-dpor`; model builds name it in
//! `--config 'paths=["..."]'`, which leaves `Cargo.lock` alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};

use crate::common::{folder, workspace};

/// The one version that the patch is made for.
const VERSION: &str = "0.7.3";
/// The patch, kept beside the checks.
const PATCH: &str = "support/exact-outcomes/loom-0.7.3-dpor.patch";
/// In the copy: the patch that was applied, written last.
const STAMP: &str = ".applied.patch";

/// The folder of the patched source, made now if it is not there or the patch has changed.
///
/// # Errors
/// Where loom's source cannot be found or the patch does not apply.
pub(crate) fn prepare() -> Result<PathBuf> {
    let patch_file = workspace::root()?.join(PATCH);
    let patch = fs::read_to_string(&patch_file)
        .with_context(|| format!("cannot read {}", patch_file.display()))?;
    let copy = workspace::output()?.join(format!("loom-{VERSION}-dpor"));
    if fs::read_to_string(copy.join(STAMP)).is_ok_and(|applied| applied == patch) {
        return Ok(copy);
    }
    eprintln!("patching loom {VERSION}");
    let source = registry_source()?;
    remove(&copy)?;
    folder::copy(&source, &copy)
        .with_context(|| format!("cannot copy {} to {}", source.display(), copy.display()))?;
    apply(&patch, &copy).with_context(|| format!("{PATCH} does not apply to loom {VERSION}"))?;
    silence(&copy.join("src/lib.rs"))?;
    fs::write(copy.join(STAMP), patch)?;
    Ok(copy)
}

/// Cargo shows the warnings of a path dependency, though not those of the same source as published.
fn silence(lib: &Path) -> Result<()> {
    let source = fs::read_to_string(lib)?;
    Ok(fs::write(lib, format!("#![allow(warnings)]\n{source}"))?)
}

/// Where cargo has put loom's source.
fn registry_source() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(workspace::root()?.join("Cargo.toml"))
        .exec()
        .context("cargo metadata failed")?;
    let loom = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "loom" && package.source.is_some())
        .context("loom is not among the dependencies")?;
    ensure!(
        loom.version.to_string() == VERSION,
        "the patch is made for loom {VERSION}, Cargo.lock has {}",
        loom.version
    );
    let folder = loom.manifest_path.parent().context("a manifest without a folder")?;
    Ok(folder.as_std_path().to_path_buf())
}

/// Applies every file of `patch` below `folder`.
fn apply(patch: &str, folder: &Path) -> Result<()> {
    let mut files = 0;
    for file in PatchSet::parse(patch, ParseOptions::unidiff()) {
        let file = file.context("the patch cannot be read")?;
        let operation = file.operation().strip_prefix(1);
        let (FileOperation::Modify { modified, .. }, Some(hunks)) =
            (&operation, file.patch().as_text())
        else {
            bail!("the patch may only change files, not {operation:?}");
        };
        let path = folder.join(&**modified);
        let before =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let after = diffy::apply(&before, hunks).with_context(|| modified.to_string())?;
        fs::write(&path, after).with_context(|| format!("cannot write {}", path.display()))?;
        files += 1;
    }
    ensure!(files > 0, "the patch changes nothing");
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNK: &str = "\
Why it is needed.

diff -ru a/src/x.rs b/src/x.rs
--- a/src/x.rs
+++ b/src/x.rs
@@ -1,3 +1,3 @@
 one
-two
+deux
 three
";

    fn folder(name: &str, content: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::write(folder.join("src/x.rs"), content).unwrap();
        folder
    }

    #[test]
    fn a_patch_with_a_header_applies() {
        let folder = folder("applies", "one\ntwo\nthree\n");
        apply(HUNK, &folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("src/x.rs")).unwrap(), "one\ndeux\nthree\n");
        remove(&folder).unwrap();
        remove(&folder).unwrap();
    }

    #[test]
    fn a_hunk_that_does_not_fit_is_an_error_and_writes_nothing() {
        let folder = folder("fails", "one\nzwei\nthree\n");
        let error = format!("{:#}", apply(HUNK, &folder).unwrap_err());
        assert!(error.contains("src/x.rs"), "{error}");
        assert_eq!(fs::read_to_string(folder.join("src/x.rs")).unwrap(), "one\nzwei\nthree\n");
        remove(&folder).unwrap();
    }

    #[test]
    fn an_empty_patch_is_an_error() {
        assert!(apply("only words\n", Path::new("nowhere")).is_err());
    }

    #[test]
    fn the_patch_in_the_repository_applies_and_is_kept() {
        let copy = prepare().unwrap();
        let atomic = fs::read_to_string(copy.join("src/rt/atomic.rs")).unwrap();
        assert!(atomic.contains("last_loads"));
        let arc = fs::read_to_string(copy.join("src/rt/arc.rs")).unwrap();
        assert!(arc.contains("last_accesses"));
        assert_eq!(prepare().unwrap(), copy);
    }
}
