//! Projects of strangers that check a structure of their own by `exact-outcomes`.
//!
//! They lie in `support/exact-outcomes/examples`, each a workspace of its own. The check of each must
//! pass. With the feature `relaxed` the structure has a fault, and the same check must then fail with
//! the words that say which outcome is wrong.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::common::workspace;

/// Where they lie, from the workspace's root.
const FOLDER: &str = "support/exact-outcomes/examples";

/// A project.
struct Example {
    name: &'static str,
    /// What the compiler needs to build the structure on porf's types.
    flags: &'static str,
    /// How many tests the check has.
    tests: usize,
    /// What the check says of the fault.
    words: &'static [&'static str],
}

const EXAMPLES: [Example; 2] = [
    Example {
        name: "own_stack",
        flags: "--cfg loom",
        tests: 2,
        words: &[NOT_ALLOWED, "Pop -> Some(0)", "PORF_REPLAY='"],
    },
    Example {
        name: "on_our_pool",
        flags: "--cfg stampool_model=\"porf\"",
        tests: 2,
        // The node below is lost, because its link was not published.
        words: &[NOT_ALLOWED, "after: Pop -> None, Pop -> None", "PORF_REPLAY='"],
    },
];

const NOT_ALLOWED: &str = "that the specification does not allow:";

/// Runs all of them; what they build goes to `target`.
///
/// # Errors
/// Where a structure does not build as it would ship, a check fails, or a fault is not found.
pub(super) fn run(target: &Path) -> Result<()> {
    let folder = workspace::root()?.join(FOLDER);
    let there = fs::read_dir(&folder).with_context(|| format!("no {FOLDER}"))?.count();
    ensure!(there == EXAMPLES.len(), "{FOLDER} has {there} projects, {} are run", EXAMPLES.len());
    for example in EXAMPLES {
        let Example { name, flags, tests, words } = example;
        let shipped = call(name, "build", "", target)?;
        ensure!(shipped.passed, "{name} does not build as it ships: {}", shipped.again);
        let sound = call(name, "test", flags, target)?;
        // A cfg that does not arrive leaves a test program without tests.
        let passed = sound.text.contains(&format!("test result: ok. {tests} passed"));
        ensure!(sound.passed && passed, "{}\n{name} fails; again: {}", sound.text, sound.again);
        let faulty = call(name, "test --features relaxed", flags, target)?;
        let says = words.iter().all(|words| faulty.text.contains(words));
        ensure!(
            !faulty.passed && says,
            "{}\nthe fault of {name} is not reported by {words:?}; again: {}",
            faulty.text,
            faulty.again
        );
        println!("{name}: its check passes, and reports the kept fault");
    }
    Ok(())
}

/// What came of a call of cargo.
struct Called {
    passed: bool,
    text: String,
    again: String,
}

fn call(name: &str, words: &str, flags: &str, target: &Path) -> Result<Called> {
    let mut cargo: Command = workspace::cargo()?;
    cargo.current_dir(workspace::root()?.join(FOLDER).join(name));
    cargo.env("CARGO_TARGET_DIR", target).env("RUSTFLAGS", flags);
    // These win over RUSTFLAGS, and a replay is no check.
    cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("PORF_REPLAY");
    let output = cargo.args(words.split(' ')).output().context("cannot start cargo")?;
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let again = format!("(cd {FOLDER}/{name} && RUSTFLAGS='{flags}' cargo {words})");
    Ok(Called { passed: output.status.success(), text: text.concat(), again })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The blocks of code of a chapter, without those that are typed into a shell.
    fn blocks(chapter: &str) -> Vec<&str> {
        let fenced = chapter.split("```").skip(1).step_by(2);
        fenced
            .filter_map(|block| block.split_once('\n'))
            .filter(|(language, _)| *language != "console")
            .map(|(_, code)| code)
            .collect()
    }

    #[test]
    fn the_chapter_shows_the_project_as_it_is() {
        let root = workspace::root().expect("the workspace");
        let read = |path: &str| fs::read_to_string(root.join(path)).expect("a file");
        let project = ["Cargo.toml", "src/lib.rs", "tests/outcomes.rs"]
            .map(|file| read(&format!("{FOLDER}/on_our_pool/{file}")));
        let chapter = read("src/docs/your_structure.md");
        let blocks = blocks(&chapter);
        assert_eq!(blocks.len(), 3);
        for block in blocks {
            assert!(
                project.iter().any(|file| file.contains(block)),
                "not in the project:\n{block}"
            );
        }
    }
}
