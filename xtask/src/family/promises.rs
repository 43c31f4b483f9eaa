//! Whether each test that papers/family.md names is there.

use std::fs;

use crate::common::workspace;

/// The files in `tests` that a line names, each with the tests that it names of the file.
fn named(line: &str) -> Vec<(&str, Vec<&str>)> {
    let mut files: Vec<(&str, Vec<&str>)> = vec![];
    for word in line.split('`').skip(1).step_by(2) {
        match files.last_mut() {
            _ if word.ends_with(".rs") => files.push((word, vec![])),
            Some((_, tests)) if word.contains('_') || !word.contains(['/', ' ']) => {
                tests.push(word)
            }
            _ => {}
        }
    }
    files
}

#[test]
fn each_test_that_the_paper_names_is_there() {
    let root = workspace::root().expect("a workspace");
    let paper = fs::read_to_string(root.join("papers/family.md")).expect("the paper");
    let mut count = 0;
    for line in paper.lines().filter(|line| line.starts_with("| ")) {
        // What stands behind the tests: rows, examples and papers.
        let tests = line.split("; rows").next().and_then(|line| line.split("; examples").next());
        for (file, tests) in named(tests.unwrap_or_default()) {
            let path = if file.starts_with("src/") {
                root.join(file)
            } else {
                root.join("tests").join(file)
            };
            let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("there is no {file}"));
            for test in tests.into_iter().filter(|test| !test.starts_with("stress")) {
                let is_there =
                    text.contains(&format!("fn {test}(")) || text.contains(&format!("{test}:"));
                assert!(is_there, "{file} has no test `{test}`");
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count} tests are named");
}

#[test]
fn files_and_tests_are_found_in_a_line() {
    let line = "| stack | `alloc/members.rs` `stack`, `scope`; `alloc/scopes.rs` `frees`; `stress arena` |";
    let found = named(line);
    assert_eq!(found[0], ("alloc/members.rs", vec!["stack", "scope"]));
    assert_eq!(found[1], ("alloc/scopes.rs", vec!["frees"]));
}
