//! No file longer than a reader keeps in mind, its tests apart; and a backend shorter than that: it
//! says where its names come from, and what works behind them is the checker's own crate.

use super::backends::BACKENDS;
use super::files::File;
use super::finding::Finding;

/// Lines without tests.
const LIMIT: usize = 400;
/// The same, of a backend in `src/sync`.
const BACKEND_LIMIT: usize = 80;

/// Says so where `file` is too long.
pub(super) fn check(file: &File) -> Option<Finding> {
    let lines = file.text.lines().take_while(|line| !begins_tests(line)).count();
    let is_backend = BACKENDS.iter().any(|(_, path)| *path == file.path);
    let limit = if is_backend { BACKEND_LIMIT } else { LIMIT };
    let what = format!("{lines} lines without tests, at most {limit}");
    (lines > limit).then(|| Finding { path: file.path.clone(), line: limit + 1, what })
}

fn begins_tests(line: &str) -> bool {
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: String) -> bool {
        check_at("src/x.rs", text)
    }

    fn check_at(path: &str, text: String) -> bool {
        super::check(&File { path: path.into(), text }).is_some()
    }

    #[test]
    fn tests_do_not_count() {
        let (full, more) = ("x\n".repeat(LIMIT), "y\n".repeat(LIMIT));
        assert!(!check(full.clone()));
        assert!(check(format!("{full}y\n")));
        assert!(!check(format!("{full}#[cfg(test)]\nmod tests {{\n{more}}}\n")));
        assert!(check(format!("{full}    #[cfg(test)]\n{more}")));
    }
    #[test]
    fn a_backend_is_short() {
        let (full, more) = ("x\n".repeat(BACKEND_LIMIT), "x\n".repeat(BACKEND_LIMIT + 1));
        assert!(!check_at("src/sync/steered.rs", full));
        assert!(check_at("src/sync/steered.rs", more.clone()));
        assert!(!check_at("src/sync/site.rs", more));
    }
}
