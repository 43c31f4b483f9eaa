//! No file longer than a reader keeps in mind, its tests apart.

use super::{File, Finding};

/// Lines without tests.
const LIMIT: usize = 400;

/// Says so where `file` is too long.
pub(super) fn check(file: &File) -> Option<Finding> {
    let lines = file.text.lines().take_while(|line| !begins_tests(line)).count();
    let what = format!("{lines} lines without tests, at most {LIMIT}");
    (lines > LIMIT).then(|| Finding { path: file.path.clone(), line: LIMIT + 1, what })
}

fn begins_tests(line: &str) -> bool {
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: String) -> bool {
        super::check(&File { path: "src/x.rs".into(), text }).is_some()
    }

    #[test]
    fn tests_do_not_count() {
        let (full, more) = ("x\n".repeat(LIMIT), "y\n".repeat(LIMIT));
        assert!(!check(full.clone()));
        assert!(check(format!("{full}y\n")));
        assert!(!check(format!("{full}#[cfg(test)]\nmod tests {{\n{more}}}\n")));
        assert!(check(format!("{full}    #[cfg(test)]\n{more}")));
    }
}
