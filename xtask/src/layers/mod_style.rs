//! A module with children is a folder with a `mod.rs`, so that all of it lies in one place: not a
//! file `name.rs` beside a folder `name`. The root of a test or an example is no module: the folder
//! beside it has what it reads.

use std::collections::BTreeSet;

use super::files::File;
use super::finding::Finding;

/// The modules of which one part lies outside of their folder.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let folders: BTreeSet<&str> = files
        .iter()
        .flat_map(|file| file.path.match_indices('/').map(|(at, _)| &file.path[..at]))
        .collect();
    let beside = files.iter().filter_map(|file| {
        let name = file.path.strip_suffix(".rs")?;
        (folders.contains(name) && !is_root(name)).then(|| Finding {
            path: file.path.clone(),
            line: 1,
            what: format!("a module with children lies in its folder: move it to {name}/mod.rs"),
        })
    });
    beside.collect()
}

/// Whether a file of this name is the root of a test or an example.
fn is_root(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(*parts, [.., "tests" | "examples", _]) && !parts.contains(&"src")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(paths: &[&str]) -> Vec<String> {
        let files: Vec<File> = paths.iter().map(|path| File::of(path, "")).collect();
        check(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_beside_its_folder_is_found() {
        let found = findings(&["x/src/a.rs", "x/src/a/b.rs", "x/src/c/mod.rs", "x/src/c/d.rs"]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("x/src/a.rs:1: ") && found[0].contains("x/src/a/mod.rs"));
        assert_eq!(findings(&["x/src/a.rs", "x/src/a/b/c.rs"]).len(), 1);
    }

    #[test]
    fn roots_of_tests_may_have_a_folder_and_modules_called_tests_may_not() {
        assert!(findings(&["tests/a.rs", "tests/a/b.rs"]).is_empty());
        assert!(findings(&["x/examples/a.rs", "x/examples/a/b.rs"]).is_empty());
        assert_eq!(findings(&["x/src/tests/a.rs", "x/src/tests/a/b.rs"]).len(), 1);
    }
}
