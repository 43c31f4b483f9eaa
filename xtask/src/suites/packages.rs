//! Published packages whose own tests run with a heap of the family as the program's allocator.
//!
//! The package is copied, and `support/program-heap` linked to each of its test programs. One more test
//! in each of them fails if that heap does not serve the program.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::project::{self, Outcome};
use crate::common::{folder, models, workspace};

/// A package.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// Test programs that are left out, and why.
    pub(super) left_out: &'static [(&'static str, &'static str)],
    /// Tests that there must be at least.
    pub(super) least: usize,
}

const OWN: &str = "has an allocator of the program of its own";

pub(super) const PACKAGES: &[Package] = &[
    Package { name: "hashbrown", left_out: &[], least: 100 },
    Package {
        name: "bytes",
        left_out: &[("test_bytes_odd_alloc", OWN), ("test_bytes_vec_alloc", OWN)],
        least: 100,
    },
];

/// What is added to each test program.
const SERVED: &str = "
#[cfg(test)]
#[test]
fn the_heap_serves_this_program() {
    assert!(program_heap::used_bytes() > 0);
}
";

/// What says that this test has passed.
const ADDED_AND_OK: &str = "test the_heap_serves_this_program ... ok";

/// The program's allocator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heap {
    /// A heap of the family.
    BestFit,
    /// The same, with a fault.
    Forgetful,
    /// The general allocator.
    General,
}

impl Heap {
    /// The name of its folder, and of its feature in `support/program-heap`.
    const fn word(self) -> &'static str {
        match self {
            Self::BestFit => "heap",
            Self::Forgetful => "forgetful",
            Self::General => "general",
        }
    }
}

/// Copies the package in `from` and links the heap to its tests. Returns the folder.
///
/// # Errors
/// Where a file cannot be read or written.
fn write(package: &Package, from: &Path, heap: Heap) -> Result<PathBuf> {
    let to = workspace::output()?.join(project::FOLDER).join(heap.word()).join(package.name);
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    folder::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    let path = models::toml_string(&workspace::root()?.join("support/program-heap"))?;
    let features = match heap {
        Heap::BestFit => String::new(),
        heap => format!("\nfeatures = [\"{}\"]", heap.word()),
    };
    let added =
        format!("\n[workspace]\n\n[dev-dependencies.program-heap]\npath = {path}{features}\n");
    append(&to.join("Cargo.toml"), &added)?;
    append(&to.join("src/lib.rs"), SERVED)?;
    for (program, _) in package.left_out {
        let file = to.join("tests").join(program).with_extension("rs");
        ensure!(file.is_file(), "{}: no {program}", package.name);
        // The manifest names it.
        fs::write(&file, "")?;
    }
    for file in fs::read_dir(to.join("tests"))? {
        let file = file?.path();
        if file.extension().is_some_and(|ending| ending == "rs") {
            append(&file, SERVED)?;
        }
    }
    Ok(to)
}

/// Runs a package's tests on a heap.
///
/// # Errors
/// Where they do not build.
pub(super) fn test(package: &Package, from: &Path, heap: Heap) -> Result<Outcome> {
    let folder = write(package, from, heap)?;
    eprintln!("building the tests of {}", package.name);
    let words = ["--lib", "--tests"];
    let status = project::cargo(&folder)?.args(words).args(["--no-run", "--quiet"]).status()?;
    ensure!(status.success(), "the tests of {} do not build", package.name);
    let mut outcome = project::outcome(project::cargo(&folder)?.args(words).arg("--no-fail-fast"))?;
    // Those that were added do not count.
    let added = outcome.output.matches(ADDED_AND_OK).count();
    outcome.passed = outcome.passed.saturating_sub(added);
    Ok(outcome)
}

fn append(file: &Path, text: &str) -> Result<()> {
    let old = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    Ok(fs::write(file, old + text)?)
}
