//! A suite as a project of its own, outside of the workspace.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::suite::{Edit, File, LeftOut, Suite};
use crate::common::{models, workspace};

/// Where the projects are written, below the folder for outputs.
pub(super) const FOLDER: &str = "suites";
/// The variable by which the adaptors choose the member.
const MEMBER: &str = "STAMPOOL_MEMBER";

/// A project that was written.
pub(super) struct Project {
    name: &'static str,
    folder: PathBuf,
    left_out: &'static [LeftOut],
}

/// What came of a run of all its tests.
pub(super) struct Outcome {
    pub(super) is_success: bool,
    pub(super) passed: usize,
    /// The names of those that failed.
    pub(super) failed: BTreeSet<String>,
    pub(super) output: String,
}

impl Project {
    /// Writes the project of a suite whose files are in `from`.
    ///
    /// # Errors
    /// Where a file is missing, or does not have what is to be changed.
    pub(super) fn write(suite: &Suite, from: &Path, programs: u64) -> Result<Self> {
        let folder = workspace::output()?.join(FOLDER).join(suite.name);
        let put = |to: &str, text: String| -> Result<()> {
            let to = folder.join(to);
            let parent = to.parent().context("a file has a folder")?;
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&to, text))
                .with_context(|| format!("cannot write {}", to.display()))
        };
        for File { from: file, to, edits } in suite.files {
            let path = from.join(file);
            let text = fs::read_to_string(&path)
                .with_context(|| format!("{}: cannot read {}", suite.name, path.display()))?;
            let text = edited(&text, edits).with_context(|| {
                let known = suite.repository.as_ref().map_or("the locked version", |it| it.commit);
                format!("{}: {file} is not that of {known}", suite.name)
            })?;
            put(to, text.replace("{programs}", &programs.to_string()))?;
        }
        for (to, text) in suite.own {
            put(to, text.replace("{programs}", &programs.to_string()))?;
        }
        put("Cargo.toml", manifest(suite, &workspace::root()?.join("support/suites"))?)?;
        Ok(Self { name: suite.name, folder, left_out: suite.left_out })
    }

    /// Builds its tests.
    ///
    /// # Errors
    /// Where they do not build.
    pub(super) fn build(&self) -> Result<()> {
        eprintln!("building the suite of {}", self.name);
        let status = cargo(&self.folder)?.args(["--no-run", "--quiet"]).status()?;
        ensure!(status.success(), "the suite of {} does not build", self.name);
        Ok(())
    }

    /// Runs its tests on a member.
    ///
    /// # Errors
    /// Where they cannot be run.
    pub(super) fn test(&self, member: &str, programs: u64) -> Result<Outcome> {
        let mut cargo = cargo(&self.folder)?;
        cargo
            .arg("--no-fail-fast")
            .env(MEMBER, member)
            .env("QUICKCHECK_TESTS", programs.to_string());
        cargo.arg("--").arg("--exact");
        for LeftOut { test, members, .. } in self.left_out {
            if members.is_empty() || members.contains(&member) {
                cargo.args(["--skip", test]);
            }
        }
        outcome(&mut cargo)
    }
}

/// A call of `cargo test` in the folder of a project.
///
/// # Errors
/// As [`workspace::cargo`].
pub(super) fn cargo(folder: &Path) -> Result<Command> {
    let mut cargo = workspace::cargo()?;
    cargo.current_dir(folder).args(["test", "--release"]);
    // A suite is other people's code: its warnings are theirs.
    cargo.env("RUSTFLAGS", "-Awarnings");
    // One folder for all projects: what they share is built once.
    cargo.env("CARGO_TARGET_DIR", workspace::output()?.join(FOLDER).join("target"));
    Ok(cargo)
}

/// Runs tests, and reads what came of them.
///
/// # Errors
/// Where they cannot be run.
pub(super) fn outcome(cargo: &mut Command) -> Result<Outcome> {
    let output = cargo.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout);
    let (passed, failed) = results(&stdout);
    let output_text = stdout + &text(&output.stderr);
    Ok(Outcome { is_success: output.status.success(), passed, failed, output: output_text })
}

/// The text after all edits.
fn edited(text: &str, edits: &[Edit]) -> Result<String> {
    edits.iter().try_fold(text.to_owned(), |text, edit| match edit {
        Edit::Replace(from, to) => {
            ensure!(text.contains(from), "nowhere: `{from}`");
            Ok(text.replace(from, to))
        }
        Edit::Cut(from, until) => {
            let (before, rest) =
                text.split_once(from).with_context(|| format!("nowhere: `{from}`"))?;
            let (_, after) =
                rest.split_once(until).with_context(|| format!("nowhere behind: `{until}`"))?;
            Ok([before, until, after].concat())
        }
    })
}

/// The manifest. The project is a workspace of its own.
fn manifest(suite: &Suite, adaptors: &Path) -> Result<String> {
    let Suite { name, edition, dependencies, .. } = suite;
    let path = models::toml_string(adaptors)?;
    Ok(format!(
        "[package]\nname = \"suite-{name}\"\nedition = \"{edition}\"\n\n[workspace]\n\n\
         [dependencies]\nsuites = {{ path = {path} }}\n{dependencies}\n\
         [profile.release]\ndebug-assertions = true\noverflow-checks = true\n"
    ))
}

/// How many tests passed, and which failed, by the lines in which test programs say so.
fn results(output: &str) -> (usize, BTreeSet<String>) {
    let of = |how| {
        let tests = output.lines().filter_map(|line| line.strip_prefix("test "));
        tests.filter_map(move |line| line.split_once(" ... ").filter(|(_, result)| *result == how))
    };
    (of("ok").count(), of("FAILED").map(|(name, _)| name.to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_finds_nothing_is_an_error() {
        let edits = [Edit::Replace("a", "c"), Edit::Cut("b", "d")];
        assert_eq!(edited("a b x d a", &edits).unwrap(), "c d c");
        for edits in [[Edit::Replace("x", "y")], [Edit::Cut("x", "a")], [Edit::Cut("b", "x")]] {
            let error = edited("a b", &edits).unwrap_err();
            assert!(error.to_string().contains("`x`"), "{error}");
        }
    }

    #[test]
    fn tests_are_counted_over_all_programs() {
        let output = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\ntest result: FAILED\n\
                      test d - should panic ... ok\ntest e ... ignored\n";
        assert_eq!(results(output), (2, BTreeSet::from(["a::c".to_owned()])));
        assert_eq!(results("error: does not compile"), (0, BTreeSet::new()));
    }
}
