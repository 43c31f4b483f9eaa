//! Each invariant has a name of its own, so that a comment elsewhere which cites it leads to one
//! place.

use std::collections::BTreeMap;

use super::files::File;
use super::finding::Finding;

/// Says so where two of `files` state an invariant of the same name.
pub(super) fn check(files: &[&File]) -> Vec<Finding> {
    let mut stated: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let Some(name) = stated_in(line) else { continue };
            if let Some((path, first)) = stated.get(name) {
                let what = format!("the invariant {name} stands in {path}:{first} already");
                findings.push(Finding { path: file.path.clone(), line: number + 1, what });
            } else {
                stated.insert(name, (&file.path, number + 1));
            }
        }
    }
    findings
}

/// The name of the invariant that a line of documentation begins to state: `- TR1. Every ...`.
fn stated_in(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let text = text.strip_prefix("//!").or_else(|| text.strip_prefix("///"))?.trim_start();
    let (name, _) = text.strip_prefix("- ").unwrap_or(text).split_once(['.', ':'])?;
    let digits = name.trim_start_matches(|char: char| char.is_ascii_uppercase());
    let letters = name.len() - digits.len();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    ((1..=2).contains(&letters) && is_number).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_name_that_two_files_give_is_found() {
        let one = file("src/a.rs", "//! - X1. The list is sorted.\n");
        let two = file("src/b.rs", "\n    /// X1: the mark is in range.\n");
        let other = file("src/c.rs", "//! - X2. The count rises.\n// X1 holds, as X1. says\n");
        assert!(check(&[&one, &other]).is_empty());
        let found = check(&[&one, &two, &other]);
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].path, found[0].line), ("src/b.rs", 2));
        assert!(found[0].what.contains("src/a.rs:1"), "{}", found[0]);
    }

    #[test]
    fn a_name_is_letters_and_a_number() {
        assert_eq!(stated_in("//! - TR1. Every write"), Some("TR1"));
        assert_eq!(stated_in("    /// - M6. All"), Some("M6"));
        for line in
            ["//! - A list.", "//! 64. x", "/// Go: x", "// TR1. x", "/// ABC1. x", "//! X1"]
        {
            assert_eq!(stated_in(line), None, "{line}");
        }
    }
}
