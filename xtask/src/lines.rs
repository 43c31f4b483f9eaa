//! `cargo xtask lines`: how much code the library has, layer by layer.
//!
//! A line counts if it has code: blank lines, comments, and everything from a file's tests on do
//! not count, and neither do files `tests.rs`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::common::terminal;
use crate::layers;

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Runs the command.
///
/// # Errors
/// Where `src` cannot be read.
pub(crate) fn run(_options: &Options) -> Result<()> {
    let mut layers: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for file in layers::rust_files("src")? {
        if file.path.ends_with("/tests.rs") {
            continue;
        }
        let (files, lines) = layers.entry(layers::layer_of(&file.path).to_owned()).or_default();
        *files += 1;
        *lines += count(&file.text);
    }
    ensure!(!layers.is_empty(), "src has no file");
    let mut table = terminal::table(["layer", "files", "lines"], [1, 2]);
    for (name, (files, lines)) in &layers {
        table.add_row([name.clone(), files.to_string(), lines.to_string()]);
    }
    println!("{table}");
    let sum = |of: fn(&(usize, usize)) -> usize| layers.values().map(of).sum::<usize>();
    println!("{} lines of code in {} files of src", sum(|layer| layer.1), sum(|layer| layer.0));
    Ok(())
}

/// Lines of code in a file.
fn count(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    let code = lines.take_while(|line| !line.starts_with("#[cfg(test)]"));
    code.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn comments_blank_lines_and_tests_are_no_code() {
        let text =
            "//! A head.\n\nfn f() {\n    // Why.\n    g();\n}\n\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(count(text), 3);
    }
}
