//! One call of `cargo miri test`, and what it says.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::plan::Borrows;
use crate::workspace;

/// Addresses are exposed and taken back in one file, `src/free_list/store.rs`; proptest asks for the
/// current directory.
const FLAGS: &str = "-Zmiri-permissive-provenance -Zmiri-disable-isolation";

/// What to run.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) target: String,
    pub(super) borrows: Borrows,
    /// The first seed, and how many.
    pub(super) seeds: (u32, u32),
    pub(super) filter: Option<String>,
    /// What takes long, too.
    pub(super) deep: bool,
}

/// What came of one program of tests.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) target: String,
    pub(super) borrows: &'static str,
    /// `lib`, or an integration test.
    pub(super) program: String,
    /// Seeds that were asked for.
    pub(super) seeds: u32,
    /// Seeds under which all tests passed.
    pub(super) passed: u32,
    /// Tests under each seed.
    pub(super) tests: u64,
    pub(super) seconds: f64,
    /// `fine` or `bad`.
    pub(super) outcome: &'static str,
    /// What went wrong.
    pub(super) detail: String,
    /// The command that does it again, with the seed.
    pub(super) again: String,
}

impl Call {
    fn flags(&self) -> String {
        let borrows = match self.borrows {
            Borrows::Stacked => "",
            Borrows::Tree => " -Zmiri-tree-borrows",
        };
        format!("{FLAGS}{borrows}")
    }

    /// Settings of the tests: few cases for proptest, and which strategies.
    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let mut settings =
            vec![("PROPTEST_CASES", "4"), ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")];
        if self.borrows == Borrows::Tree {
            settings.push(("STAMPOOL_MIRI_EPOCH", "1"));
        }
        settings
    }

    /// The words behind the programs' names.
    fn test_words(&self) -> Vec<String> {
        let mut words = vec!["--".into(), "--nocapture".into()];
        words.extend(self.filter.clone());
        words.extend(
            self.borrows.left_out(self.deep).flat_map(|out| ["--skip".into(), out.name.into()]),
        );
        words
    }

    /// The command that runs one program again under one seed.
    fn again(&self, program: &str, seed: u32) -> String {
        let settings: String =
            self.settings().iter().map(|(name, value)| format!("{name}={value} ")).collect();
        let program = if program == "lib" { "--lib".into() } else { format!("--test {program}") };
        format!(
            "MIRIFLAGS='{} -Zmiri-seed={seed}' {settings}cargo +nightly miri test -p stampool --target {} {program} {}",
            self.flags(),
            self.target,
            self.test_words().join(" "),
        )
    }

    /// Runs all programs under all seeds; the output goes to `log`.
    ///
    /// # Errors
    /// Where Miri cannot be started.
    pub(super) fn run(&self, log: &Path) -> Result<(Vec<Row>, Vec<String>)> {
        let (first, count) = self.seeds;
        let seeds = match count {
            1 => format!("-Zmiri-seed={first}"),
            _ => format!("-Zmiri-many-seeds={first}..{}", first + count),
        };
        let (reader, writer) = std::io::pipe()?;
        let mut cargo = Command::new("rustup");
        cargo.current_dir(workspace::root()?);
        cargo.args(["run", "nightly", "cargo", "miri", "test", "--package", "stampool"]);
        cargo.args(["--no-fail-fast", "--target", &self.target]);
        let (tests, unit_tests) = self.borrows.programs(self.deep);
        cargo.args(unit_tests.then_some("--lib"));
        cargo.args(tests.iter().flat_map(|test| ["--test", test]));
        cargo.args(self.test_words());
        cargo.env("MIRIFLAGS", format!("{} {seeds}", self.flags())).envs(self.settings());
        // What `cargo xtask` was started with is not for another toolchain.
        for name in ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"] {
            cargo.env_remove(name);
        }
        cargo.stdout(writer.try_clone()?).stderr(writer);
        let mut child = cargo.spawn().context("cannot start cargo miri")?;
        // It holds the writing ends.
        drop(cargo);
        let mut log = fs::File::create(log)?;
        let (mut sections, mut notes) = (Sections::default(), Vec::new());
        for line in BufReader::new(reader).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            writeln!(log, "{line}")?;
            if let Some(program) = program(&line) {
                eprintln!("miri: {}, {} borrows: {program}", self.target, self.borrows.name());
            }
            if let Some((_, note)) = line.split_once("strategy: ")
                && !notes.iter().any(|known| known == note)
            {
                notes.push(note.to_owned());
            }
            sections.line(&line);
        }
        let ok = child.wait()?.success();
        let rows: Vec<Row> = sections.end().iter().map(|section| self.row(section)).collect();
        ensure!(
            ok || rows.iter().any(|row| row.outcome == "bad"),
            "cargo miri failed before a test did:\n{}",
            sections.last_words.join("\n")
        );
        Ok((rows, notes))
    }

    fn row(&self, section: &Section) -> Row {
        let (first, count) = self.seeds;
        let ended = u32::try_from(section.passed.len()).unwrap_or(u32::MAX);
        let is_fine = section.error.is_none() && ended == count;
        let detail = match &section.error {
            Some(error) => error.clone(),
            None if is_fine => String::new(),
            None => format!("{ended} of {count} seeds ended"),
        };
        let again = if is_fine {
            String::new()
        } else {
            self.again(&section.program, section.seed.unwrap_or(first))
        };
        Row {
            target: self.target.clone(),
            borrows: self.borrows.name(),
            program: section.program.clone(),
            seeds: count,
            passed: ended,
            tests: section.passed.first().copied().unwrap_or(0),
            seconds: section.seconds,
            outcome: if is_fine { "fine" } else { "bad" },
            detail,
            again,
        }
    }
}

/// The program that cargo begins to run by this line.
fn program(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("Running ")?;
    let path = rest.strip_prefix("unittests ").unwrap_or(rest).split(" (").next()?;
    match path {
        "src/lib.rs" => Some("lib".into()),
        _ => Some(path.strip_prefix("tests/")?.strip_suffix(".rs")?.into()),
    }
}

/// What was printed between one program's begin and the next one's.
#[derive(Default)]
struct Section {
    program: String,
    begun: Option<Instant>,
    seconds: f64,
    /// How many tests passed, for each run without a failure.
    passed: Vec<u64>,
    /// The first line that tells of one.
    error: Option<String>,
    /// The first seed with a failure.
    seed: Option<u32>,
}

#[derive(Default)]
struct Sections {
    all: Vec<Section>,
    last_words: Vec<String>,
}

impl Sections {
    fn line(&mut self, line: &str) {
        if let Some(program) = program(line) {
            self.close();
            self.all.push(Section { program, begun: Some(Instant::now()), ..Section::default() });
        }
        if self.last_words.len() == 12 {
            self.last_words.remove(0);
        }
        self.last_words.push(line.to_owned());
        let Some(section) = self.all.last_mut() else { return };
        if let Some((_, result)) = line.split_once("test result: ok. ") {
            let count = result.split(' ').next().and_then(|count| count.parse().ok());
            section.passed.push(count.unwrap_or(0));
        }
        if let Some((_, seed)) = line.split_once("FAILING SEED: ") {
            section.seed = section.seed.or_else(|| seed.trim().parse().ok());
        }
        // Tests that expect a panic say so too, so only words of a failure count.
        let told = [" FAILED", "error: Undefined Behavior", "error: memory leaked", "FAILING SEED"];
        if section.error.is_none()
            && (told.iter().any(|words| line.contains(words)) || line.starts_with("error"))
        {
            section.error = Some(line.trim().to_owned());
        }
    }

    fn close(&mut self) {
        if let Some(last) = self.all.last_mut()
            && let Some(begun) = last.begun.take()
        {
            last.seconds = begun.elapsed().as_secs_f64();
        }
    }

    fn end(&mut self) -> &[Section] {
        self.close();
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(output: &str, count: u32) -> Vec<Row> {
        let (target, borrows) = ("x86_64-unknown-linux-gnu".into(), Borrows::Tree);
        let call = Call { target, borrows, seeds: (4, count), filter: None, deep: false };
        let mut sections = Sections::default();
        output.lines().for_each(|line| sections.line(line));
        sections.end().iter().map(|section| call.row(section)).collect()
    }

    const FINE: &str = "   Compiling stampool\n     Running unittests src/lib.rs (target/x)\n\
        test result: ok. 26 passed; 0 failed; 0 ignored\n\
        test result: ok. 26 passed; 0 failed; 0 ignored\n";

    #[test]
    fn a_program_is_fine_if_every_seed_ended_well() {
        let rows = rows(FINE, 2);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].program.as_str(), rows[0].outcome), ("lib", "fine"));
        assert_eq!((rows[0].tests, rows[0].passed), (26, 2));
    }

    #[test]
    fn a_seed_that_did_not_end_is_a_failure() {
        let rows = rows(FINE, 4);
        assert_eq!((rows[0].outcome, rows[0].detail.as_str()), ("bad", "2 of 4 seeds ended"));
    }

    #[test]
    fn a_failure_gives_the_command_with_its_seed() {
        let output = format!(
            "{FINE}     Running tests/pool.rs (target/y)\ntest a ... test b ... ok\n\
             error: Undefined Behavior: attempting a read access\n\
             test result: ok. 3 passed; 0 failed\nFAILING SEED: 5\nerror: test failed\n"
        );
        let rows = rows(&output, 2);
        assert_eq!((rows[0].outcome, rows[1].outcome), ("fine", "bad"));
        assert!(rows[1].detail.contains("Undefined Behavior"), "{:?}", rows[1]);
        let again = &rows[1].again;
        assert!(again.contains("-Zmiri-tree-borrows -Zmiri-seed=5'"), "{again}");
        assert!(again.contains("STAMPOOL_MIRI_EPOCH=1 cargo +nightly miri test"), "{again}");
        assert!(again.contains("--test pool -- --nocapture"), "{again}");
    }
}
