//! The repository can be read from its top: few folders, each explained in one line.

use super::files::File;
use super::finding::Finding;

/// The most folders, hidden ones and build outputs apart.
const LIMIT: usize = 12;

/// What is wrong with the top-level `folders`, of which `contributing` has a table.
pub(super) fn check(folders: &[String], contributing: &File) -> Vec<Finding> {
    let finding = |what| Finding { path: contributing.path.clone(), line: 1, what };
    let mut findings = Vec::new();
    if folders.len() > LIMIT {
        findings.push(finding(format!("{} folders at the top, at most {LIMIT}", folders.len())));
    }
    let is_explained = |folder: &String| {
        let mut rows = contributing.text.lines().filter(|line| line.starts_with("| `"));
        rows.any(|row| row.contains(&format!("`{folder}/`")))
    };
    let unknown = folders.iter().filter(|folder| !is_explained(folder));
    findings.extend(unknown.map(|folder| finding(format!("no line explains {folder}/"))));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_needs_a_line_and_there_are_few() {
        let text = "| `src/` | the library |\n| `tests/`, `examples/` | tests |\n".into();
        let contributing = File { path: "CONTRIBUTING.md".into(), text };
        let findings = |folders: &[&str]| {
            let folders: Vec<String> = folders.iter().map(ToString::to_string).collect();
            check(&folders, &contributing).len()
        };
        assert_eq!(findings(&["src", "examples"]), 0);
        assert_eq!(findings(&["src", "misc"]), 1);
        assert_eq!(findings(&["src"; LIMIT + 1]), 1);
    }
}
