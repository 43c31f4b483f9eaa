//! A test or a command that lacks a tool reports through this crate what it did not run.
//!
//! `cargo test` prints nothing of a test that passes, so a line of output is not enough. `cargo
//! xtask ci` names a file in [`FILE`]; every skip is appended to it, and `.ci/may-skip.txt` lists
//! the allowed skips. Any other skip makes the command fail.

use std::fs::OpenOptions;
use std::io::{self, Write as _};

/// The variable that names the file to which skips are appended.
pub const FILE: &str = "STAMPOOL_SKIPS";

/// How a line begins that tells of a skip; its name, a colon and the reason follow.
pub const PREFIX: &str = "skipped: ";

/// Says that `name` is skipped, on the standard error, and in the file that [`FILE`] names.
///
/// # Panics
///
/// Where that file cannot be written: then a skip would go unseen.
pub fn skip(name: &str, reason: &str) {
    let line = format!("{PREFIX}{name}: {reason}\n");
    // Past the test harness, which keeps to itself what `eprint` writes.
    _ = io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os(FILE) {
        let file = OpenOptions::new().append(true).create(true).open(path);
        // One write, so that lines of several processes do not mix.
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a file for skips");
    }
}

/// Name and reason of a skip, if `line` tells of one.
pub fn parse(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix(PREFIX)?.split_once(": ")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_line_gives_back_name_and_reason() {
        assert_eq!(
            parse("skipped: rg: it is not here: sorry"),
            Some(("rg", "it is not here: sorry"))
        );
        assert_eq!(parse("skipped: rg"), None, "without a reason");
        assert_eq!(parse("2 skipped: rg: no"), None);
    }
}
