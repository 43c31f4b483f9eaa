//! One call of `cargo miri test`, and its result.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::plan::{Borrows, Depth, UNIT_TESTS};
use crate::common::nightly;

/// Addresses are exposed and taken back in two files, `src/free_list/store.rs` and
/// `src/alloc/provenance.rs`; proptest asks for the current directory.
const FLAGS: &str = "-Zmiri-permissive-provenance -Zmiri-disable-isolation";

/// The program `adapt` needs them.
const FEATURES: &str = "allocator-api2-02,allocator-api2-04";

/// What to run.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) target: String,
    pub(super) borrows: Borrows,
    /// The first seed, and how many.
    pub(super) seeds: (u32, u32),
    /// `lib` for the unit tests, and names of integration tests.
    pub(super) programs: Vec<&'static str>,
    /// Part of the tests' names.
    pub(super) filter: Option<String>,
    /// How many tests.
    pub(super) depth: Depth,
}

/// The result of one test program.
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
            // A forgotten handle of `EpochDeferred` leaves its record in the collector, and with it the
            // collector. The other strategies, under the other model, must leak nothing.
            Borrows::Tree => " -Zmiri-tree-borrows -Zmiri-ignore-leaks",
        };
        format!("{FLAGS}{borrows}")
    }

    /// Settings of the tests: few cases for proptest, and which strategies.
    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let mut settings =
            // A backtrace takes Miri a second and more, and many tests expect a panic.
            vec![("RUST_BACKTRACE", "0"), ("PROPTEST_CASES", "4"), ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")];
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
            self.borrows.left_out(self.depth).flat_map(|out| ["--skip".into(), out.name.into()]),
        );
        words
    }

    /// The command that runs one program again under one seed.
    fn again(&self, program: &str, seed: u32) -> String {
        let settings: String =
            self.settings().iter().map(|(name, value)| format!("{name}={value} ")).collect();
        let program =
            if program == UNIT_TESTS { "--lib".into() } else { format!("--test {program}") };
        format!(
            "MIRIFLAGS='{} -Zmiri-seed={seed}' {settings}cargo +nightly miri test -p stampool --features {FEATURES} --target {} {program} {}",
            self.flags(),
            self.target,
            self.test_words().join(" "),
        )
    }

    /// The seeds under which a program runs.
    pub(super) fn each_seed(&self) -> impl Iterator<Item = u32> {
        let (first, count) = self.seeds;
        (first..first + count).filter(|seed| self.programs_under(*seed).next().is_some())
    }

    fn programs_under(&self, seed: u32) -> impl Iterator<Item = &'static str> {
        let is_first = seed == self.seeds.0;
        let runs = move |name: &&str| is_first || self.borrows.every_seed(name);
        self.programs.iter().copied().filter(runs)
    }

    /// The rows of all programs, and the notes of the tests, where each seed has ended like that.
    pub(super) fn result(&self, ended: &[Seed]) -> (Vec<Row>, Vec<String>) {
        let mut notes: Vec<String> = Vec::new();
        for note in ended.iter().flat_map(|seed| &seed.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        (self.rows(ended), notes)
    }

    /// Runs all programs under one seed. The output goes to `log`.
    ///
    /// # Errors
    /// Where Miri cannot be started.
    pub(super) fn run_seed(&self, seed: u32, log: &Path) -> Result<Seed> {
        let mut cargo = nightly::cargo()?;
        cargo.args(["miri", "test", "--package", "stampool"]);
        cargo.args(["--no-fail-fast", "--features", FEATURES, "--target", &self.target]);
        cargo.args(self.programs_under(seed).flat_map(|name| match name {
            UNIT_TESTS => vec!["--lib"],
            _ => vec!["--test", name],
        }));
        cargo.args(self.test_words());
        cargo.env("MIRIFLAGS", format!("{} -Zmiri-seed={seed}", self.flags()));
        cargo.envs(self.settings());
        let mut ended = Seed { seed, ..Seed::default() };
        let status = nightly::run(cargo, log, |line| {
            if let Some(program) = program(&line) {
                let borrows = self.borrows.name();
                eprintln!("miri: {}, {borrows} borrows, seed {seed}: {program}", self.target);
            }
            ended.line(&line);
        })?;
        ended.close();
        ensure!(
            status.success() || ended.programs.iter().any(|program| program.error.is_some()),
            "cargo miri failed before a test did:\n{}",
            ended.last_words.join("\n")
        );
        Ok(ended)
    }

    /// A row for each program, with the results of all seeds.
    fn rows(&self, seeds: &[Seed]) -> Vec<Row> {
        let (first, count) = self.seeds;
        let mut names: Vec<&str> = Vec::new();
        for program in seeds.iter().flat_map(|seed| &seed.programs) {
            if !names.contains(&&*program.name) {
                names.push(&program.name);
            }
        }
        let row = |name: &str| {
            let of_seed = |seed: &'_ Seed| {
                let program = seed.programs.iter().find(|program| program.name == name);
                program.map(|program| (seed.seed, program.clone()))
            };
            let runs: Vec<(u32, ProgramRun)> = seeds.iter().filter_map(of_seed).collect();
            let count = if self.borrows.every_seed(name) { count } else { 1 };
            let tests: Vec<u64> = runs.iter().filter_map(|(_, run)| run.passed).collect();
            let passed = u32::try_from(tests.len()).unwrap_or(u32::MAX);
            let bad = runs.iter().find(|(_, run)| run.error.is_some() || run.passed.is_none());
            let is_fine = bad.is_none() && passed == count;
            let (seed, detail) = match bad {
                Some((seed, ProgramRun { error: Some(error), .. })) => (*seed, error.clone()),
                Some((seed, _)) => (*seed, "it did not end".to_owned()),
                None if is_fine => (first, String::new()),
                None => (first, format!("{passed} of {count} seeds ran")),
            };
            Row {
                target: self.target.clone(),
                borrows: self.borrows.name(),
                program: name.to_owned(),
                seeds: count,
                passed,
                tests: tests.first().copied().unwrap_or(0),
                seconds: runs.iter().map(|(_, run)| run.seconds).sum(),
                outcome: if is_fine { "fine" } else { "bad" },
                detail,
                again: if is_fine { String::new() } else { self.again(name, seed) },
            }
        };
        names.into_iter().map(row).collect()
    }
}

/// The program whose start cargo announces in this line.
fn program(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("Running ")?;
    let path = rest.strip_prefix("unittests ").unwrap_or(rest).split(" (").next()?;
    match path {
        "src/lib.rs" => Some(UNIT_TESTS.into()),
        _ => Some(path.strip_prefix("tests/")?.strip_suffix(".rs")?.into()),
    }
}

/// One program under one seed: what was printed between its begin and the next one's.
#[derive(Clone, Default)]
struct ProgramRun {
    name: String,
    begun: Option<Instant>,
    seconds: f64,
    /// How many tests passed, where all did.
    passed: Option<u64>,
    /// The first line that tells of a failure.
    error: Option<String>,
}

/// All programs under one seed.
#[derive(Default)]
pub(super) struct Seed {
    seed: u32,
    programs: Vec<ProgramRun>,
    /// What the tests print about the strategies that ran.
    notes: Vec<String>,
    last_words: Vec<String>,
}

impl Seed {
    pub(super) fn number(&self) -> u32 {
        self.seed
    }

    fn line(&mut self, line: &str) {
        if let Some(name) = program(line) {
            self.close();
            let begun = Some(Instant::now());
            self.programs.push(ProgramRun { name, begun, ..ProgramRun::default() });
        }
        if let Some((_, note)) = line.split_once("strategy: ") {
            self.notes.push(note.to_owned());
        }
        if self.last_words.len() == 12 {
            self.last_words.remove(0);
        }
        self.last_words.push(line.to_owned());
        let Some(run) = self.programs.last_mut() else { return };
        run.passed = nightly::passed(line).or(run.passed);
        // Tests that expect a panic say so too, so only words of a failure count.
        let told = [" FAILED", "error: Undefined Behavior", "error: memory leaked"];
        // Cargo's last words of another program's failure.
        let is_sum = line.contains(" target failed:") || line.contains(" targets failed:");
        if run.error.is_none()
            && !is_sum
            && (told.iter().any(|words| line.contains(words)) || line.starts_with("error"))
        {
            run.error = Some(line.trim().to_owned());
        }
    }

    fn close(&mut self) {
        if let Some(last) = self.programs.last_mut()
            && let Some(begun) = last.begun.take()
        {
            last.seconds = begun.elapsed().as_secs_f64();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the outputs of seeds 4, 5 and so on make, where `count` seeds were asked for.
    fn rows(outputs: &[&str], count: u32) -> Vec<Row> {
        rows_under(Borrows::Stacked, outputs, count)
    }

    fn rows_under(borrows: Borrows, outputs: &[&str], count: u32) -> Vec<Row> {
        let target = "x86_64-unknown-linux-gnu".into();
        let (programs, filter) = (borrows.programs(Depth::Quick), None);
        let call =
            Call { target, borrows, seeds: (4, count), programs, filter, depth: Depth::Quick };
        let seeds = outputs.iter().zip(4..).map(|(output, seed)| {
            let mut ended = Seed { seed, ..Seed::default() };
            output.lines().for_each(|line| ended.line(line));
            ended.close();
            ended
        });
        call.rows(&seeds.collect::<Vec<_>>())
    }

    const FINE: &str = "   Compiling stampool\n     Running unittests src/lib.rs (target/x)\n\
        test result: ok. 26 passed; 0 failed; 0 ignored\n";

    #[test]
    fn a_program_is_fine_if_every_seed_ended_well() {
        let rows = rows(&[FINE, FINE], 2);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].program.as_str(), rows[0].outcome), ("lib", "fine"));
        assert_eq!((rows[0].tests, rows[0].passed), (26, 2));
    }

    #[test]
    fn a_seed_that_did_not_run_or_did_not_end_is_a_failure() {
        let one = rows(&[FINE, FINE], 4);
        assert_eq!((one[0].outcome, one[0].detail.as_str()), ("bad", "2 of 4 seeds ran"));
        let cut = "     Running unittests src/lib.rs (target/x)\ntest a ... ok\n";
        let other = rows(&[FINE, cut], 2);
        assert_eq!((other[0].outcome, other[0].detail.as_str()), ("bad", "it did not end"));
        assert!(other[0].again.contains("-Zmiri-seed=5'"), "{}", other[0].again);
    }

    #[test]
    fn a_program_of_one_thread_runs_under_the_first_seed_alone() {
        let first = format!(
            "{FINE}     Running tests/bad_input.rs (target/y)\ntest result: ok. 3 passed\n"
        );
        let all = rows(&[&first, FINE], 2);
        assert_eq!((all[1].outcome, all[1].seeds, all[1].passed), ("fine", 1, 1));
        assert_eq!((all[0].outcome, all[0].seeds, all[0].passed), ("fine", 2, 2));
    }

    #[test]
    fn a_failure_gives_the_command_with_its_seed() {
        let bad = format!(
            "{FINE}     Running tests/pool.rs (target/y)\ntest a ... test b ... ok\n\
             error: Undefined Behavior: attempting a read access\nerror: test failed\n\
             Running tests/stats.rs (target/z)\ntest result: ok. 1 passed\nerror: 1 target failed:\n"
        );
        let good = format!(
            "{FINE}     Running tests/pool.rs (target/y)\ntest result: ok. 3 passed; 0 failed\n"
        );
        let rows = rows_under(Borrows::Tree, &[&good, &bad], 2);
        assert_eq!((rows[0].outcome, rows[1].outcome), ("fine", "bad"));
        assert!(rows[1].detail.contains("Undefined Behavior"), "{:?}", rows[1]);
        let again = &rows[1].again;
        assert!(
            again.contains("-Zmiri-tree-borrows -Zmiri-ignore-leaks -Zmiri-seed=5'"),
            "{again}"
        );
        assert!(again.contains("STAMPOOL_MIRI_EPOCH=1 cargo +nightly miri test"), "{again}");
        assert!(again.contains("--test pool -- --nocapture"), "{again}");
    }
}
