//! The README is also the front page of the documentation, where its paths lead nowhere.
//!
//! It therefore names chapters by labels, and `src/lib.rs` defines each label before it includes
//! the README: of two definitions of a label the first one counts.

use super::files::File;
use super::finding::Finding;

/// The most lines.
const LIMIT: usize = 120;

/// What is wrong with `readme`, whose labels `front_page` defines.
pub(super) fn check(readme: &File, front_page: &File) -> Vec<Finding> {
    let lines = || readme.text.lines().zip(1..);
    let finding = |line, what: String| Finding { path: readme.path.clone(), line, what };
    let mut findings = Vec::new();
    let count = lines().count();
    if count > LIMIT {
        findings.push(finding(LIMIT + 1, format!("{count} lines, at most {LIMIT}")));
    }
    for (line, number) in lines() {
        if line.contains("](") && !line.contains("](http") {
            findings.push(finding(number, "a path as a link: use a label".into()));
        }
        let Some(label) = label(line) else { continue };
        let is_defined = |line: &str| {
            line.strip_prefix("//! ").and_then(self::label).is_some_and(|defined| defined == label)
        };
        if !front_page.text.lines().any(is_defined) {
            let what = format!("{} does not define [{label}]", front_page.path);
            findings.push(finding(number, what));
        }
    }
    findings
}

/// The label that a line of Markdown defines, if it defines one.
fn label(line: &str) -> Option<&str> {
    Some(line.strip_prefix('[')?.split_once("]: ")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_needs_a_label_and_a_label_a_page() {
        let front_page = File::of("src/lib.rs", "//! [forms]: crate::docs::forms\n");
        let findings = |text: &str| check(&File::of("README.md", text), &front_page).len();
        assert_eq!(findings("see [forms][forms]\n\n[forms]: src/docs/forms.md\n"), 0);
        assert_eq!(findings("[design]: src/docs/design.md\n"), 1);
        assert_eq!(findings("see [forms](src/docs/forms.md)\n"), 1);
        assert_eq!(findings(&"\n".repeat(LIMIT + 1)), 1);
    }
}
