//! Tests of the writer, and of the list against the tree.

use std::collections::BTreeSet;

use super::*;
use crate::common::workspace;
use crate::mutants::{Edit, Killer, list};

const fn mutant(name: &'static str, edits: &'static [Edit]) -> Mutant {
    Mutant { name, edits, killer: Killer::Loom("k"), words: "w" }
}

const FIRST: Mutant = mutant(
    "first",
    &[Edit { file: "src/a.rs", from: "good", to: "if {on} { bad } else { good }" }],
);
const SECOND: Mutant =
    mutant("second", &[Edit { file: "src/a.rs", from: "fine", to: "poor({on})" }]);
const BOTH: Mutant = mutant("both", &[Edit { file: "src/a.rs", from: "good, fine", to: "" }]);

fn tree(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("src")).unwrap();
    fs::create_dir_all(folder.path().join("target")).unwrap();
    fs::write(folder.path().join("src/a.rs"), text).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "mod a;\n").unwrap();
    fs::write(folder.path().join("target/output"), "o").unwrap();
    folder
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn all_mutants_stand_in_one_copy_behind_their_numbers() {
    let (from, to) = (tree("fine, good"), tempfile::tempdir().unwrap());
    fs::create_dir_all(to.path().join("old")).unwrap();
    fs::create_dir_all(to.path().join("target")).unwrap();
    for _ in 0..2 {
        write_all(from.path(), to.path(), &[&FIRST, &SECOND]).unwrap();
        assert_eq!(
            read(to.path(), "src/a.rs"),
            "poor(crate::mutants_on(2)), if crate::mutants_on(1) { bad } else { good }"
        );
        assert!(read(to.path(), "src/lib.rs").ends_with(DECLARATION));
        assert!(read(to.path(), MODULE).contains("*number <= 2"));
    }
    assert!(!to.path().join("old").exists());
    assert!(to.path().join("target").exists());
    assert!(!to.path().join("target/output").exists());
    assert_eq!(read(from.path(), "src/a.rs"), "fine, good");
}

#[test]
fn one_mutant_is_always_on_and_leaves_the_rest_alone() {
    let (from, to) = (tree("fine, good"), tempfile::tempdir().unwrap());
    write_one(from.path(), to.path(), &SECOND).unwrap();
    assert_eq!(read(to.path(), "src/a.rs"), "poor(true), good");
    assert_eq!(read(to.path(), "src/lib.rs"), "mod a;\n");
}

#[test]
fn an_edit_must_fit_exactly_once_in_the_original() {
    for text in ["good, good", "neither"] {
        let from = tree(text);
        let error = edited(from.path(), &[("true".into(), &FIRST)]).unwrap_err().to_string();
        assert!(error.starts_with("first: "), "{error}");
    }
    // The text that the first edit brings is not searched for the second.
    let from = tree("good, fine");
    const BRINGS: Mutant = mutant("b", &[Edit { file: "src/a.rs", from: "good", to: "fine" }]);
    edited(from.path(), &[("1".into(), &BRINGS), ("2".into(), &SECOND)]).unwrap();
}

#[test]
fn edits_that_overlap_are_refused_by_both_names() {
    let from = tree("good, fine");
    let error = edited(from.path(), &[("1".into(), &SECOND), ("2".into(), &BOTH)]).unwrap_err();
    assert_eq!(error.to_string(), "the edits of `both` and `second` overlap in src/a.rs");
}

#[test]
fn every_edit_fits_the_tree_and_none_overlap() {
    let all = list::all();
    let numbered: Vec<(String, &Mutant)> =
        all.iter().map(|mutant| ("true".to_string(), *mutant)).collect();
    edited(&workspace::root().unwrap(), &numbered).unwrap();
}

#[test]
fn entries_are_whole_and_their_names_unique() {
    let all = list::all();
    let names: BTreeSet<&str> = all.iter().map(|mutant| mutant.name).collect();
    assert_eq!(names.len(), all.len());
    for Mutant { name, edits, words, .. } in all {
        assert!(!name.is_empty() && words.trim().len() > 3, "{name}: words");
        assert!(
            !["violation", "not seen", "not allowed"].contains(words),
            "{name}: every row says that"
        );
        assert!(edits.iter().any(|edit| edit.to.contains(ON)), "{name} never asks {ON}");
        let inside = |edit: &Edit| edit.file.starts_with("src/");
        assert!(edits.iter().all(inside), "{name}: only src is edited");
    }
}
