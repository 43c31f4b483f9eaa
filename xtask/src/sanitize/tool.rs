//! The tools: whether they are there, how stress is built for them, and what they report.

use core::time::Duration;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::outcome::{Outcome, Row};
use crate::common::{models, nightly, workspace};

/// The target for which the sanitizers' runtimes exist.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Builds std with the flags of the other crates. ThreadSanitizer must see the locks in std: it
/// reports what they guard otherwise, and never truly.
const BUILD_STD: [&str; 1] = ["-Zbuild-std=std,panic_unwind"];
/// Exit codes of stress with a report: fine, and a violation.
const STRESS: [i32; 2] = [0, 2];
/// The exit code of a tool that has reported something.
pub(super) const REPORTED: i32 = 66;
/// Batches of 1, for the most exchanges, and of 64, the default.
const BATCHES: [&str; 2] = ["1", "64"];

/// What is built for a tool.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Program {
    /// The stress binary.
    Stress,
    /// The example that uses freed blocks.
    TouchFreed,
    /// The tests of the allocator family.
    Family,
}

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Thread,
    Address,
    Valgrind,
}

impl Tool {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Thread => "tsan",
            Self::Address => "asan",
            Self::Valgrind => "valgrind",
        }
    }

    /// Why the tool cannot be used here, if it cannot.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub(super) fn missing(self) -> Result<Option<String>> {
        if self == Self::Valgrind {
            let there = Command::new("valgrind").arg("--version").output();
            let there = there.is_ok_and(|output| output.status.success());
            return Ok((!there).then(|| "valgrind is not installed".into()));
        }
        if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
            return Ok(Some(format!("this is not {TARGET}")));
        }
        let Some(library) = nightly::path("target-libdir", TARGET) else {
            return Ok(Some("rustup has no nightly toolchain".into()));
        };
        if self == Self::Thread && !nightly::has_sources(TARGET) {
            return Ok(Some("the nightly toolchain has no rust-src".into()));
        }
        let runtime = format!("librustc-nightly_rt.{}.a", self.name());
        let there = library.join(&runtime).is_file();
        Ok((!there).then(|| format!("the nightly toolchain has no {runtime}")))
    }

    /// Of stress. memcheck runs one thread at a time.
    fn threads(self) -> &'static str {
        if self == Self::Valgrind { "2" } else { "2,4" }
    }

    /// How a line begins that opens a report.
    pub(super) fn report(self, line: &str) -> bool {
        match self {
            Self::Thread => line.starts_with("WARNING: ThreadSanitizer:"),
            Self::Address => {
                line.contains("ERROR: AddressSanitizer:") || line.contains("ERROR: LeakSanitizer:")
            }
            Self::Valgrind => is_memcheck_error(line),
        }
    }

    /// A program of the workspace at `root`, built for this tool. The tools that can be told of
    /// free blocks are told.
    ///
    /// # Errors
    /// Where it does not build.
    pub(super) fn build(self, root: &Path, program: Program) -> Result<PathBuf> {
        let mut cargo = match self {
            Self::Valgrind => workspace::cargo()?,
            Self::Thread | Self::Address => nightly::cargo()?,
        };
        let verb: &[_] =
            if program == Program::Family { &["test", "--no-run"] } else { &["build"] };
        cargo.current_dir(root).args(verb).args(["--quiet", "--release"]);
        let name = match program {
            Program::Stress => {
                cargo.args(["--package", "stress", "--bin", "stress", "--no-default-features"]);
                "stress"
            }
            Program::TouchFreed => {
                cargo.args(["--package", "stampool", "--example", "touch_freed"]);
                "touch_freed"
            }
            Program::Family => {
                cargo.args(["--package", "stampool", "--test", "alloc"]);
                "alloc"
            }
        };
        if self != Self::Thread {
            cargo.args(["--features", "sanitizers"]);
        }
        cargo.args(["--message-format", "json-render-diagnostics"]);
        if self != Self::Valgrind {
            let folder = workspace::root()?.join("target/sanitize").join(self.name());
            cargo.args(["--target", TARGET]).arg("--target-dir").arg(&folder);
            cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags().join("\x1f"));
        }
        if self == Self::Thread {
            cargo.args(BUILD_STD);
        }
        models::executable(cargo, name)
            .with_context(|| format!("{name} does not build for {}", self.name()))
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Thread => &["-Zsanitizer=thread"],
            // The toolchain's std is linked, which is not instrumented.
            Self::Address => &["-Zsanitizer=address", "-Cunsafe-allow-abi-mismatch=sanitizer"],
            Self::Valgrind => &[],
        }
    }

    pub(super) fn command(self, executable: &Path) -> Command {
        match self {
            Self::Thread => {
                let mut command = Command::new(executable);
                let options = format!("halt_on_error=0 exitcode={REPORTED} history_size=4");
                command.env("TSAN_OPTIONS", options);
                command
            }
            Self::Address => {
                let mut command = Command::new(executable);
                command.env("ASAN_OPTIONS", format!("exitcode={REPORTED} detect_leaks=1"));
                command.env("LSAN_OPTIONS", format!("exitcode={REPORTED}"));
                command
            }
            Self::Valgrind => {
                let mut command = Command::new("valgrind");
                // Without the first, one thread may starve the other.
                command.args(["--fair-sched=try", "--leak-check=full"]);
                // std keeps a record of the main thread to the end, which memcheck calls possibly
                // lost.
                command.args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]);
                command.arg("--quiet");
                command.arg(format!("--error-exitcode={REPORTED}")).arg(executable);
                command
            }
        }
    }
}

/// The part of stress's report that is used here.
#[derive(Deserialize)]
struct Report {
    results: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    ops: u64,
    seconds: f64,
    violations: usize,
}

/// Runs every strategy in every scenario under `tool`, for this time in total.
///
/// # Errors
/// Where stress does not build, or ends without a report.
pub(super) fn stress(tool: Tool, seconds: Duration) -> Result<Vec<Row>> {
    eprintln!("building stress for {}", tool.name());
    let executable = tool.build(&workspace::root()?, Program::Stress)?;
    let each = (seconds / u32::try_from(BATCHES.len())?).max(Duration::from_millis(1));
    let each = format!("{}ms", each.as_millis());
    let again =
        format!("cargo xtask sanitize --tool {} --seconds {}", tool.name(), seconds.as_secs());
    let run = |batch: &&str| {
        let what = format!("stress, batches of {batch}");
        eprintln!("{}: {what}, {each} in all", tool.name());
        let words = ["run", "--threads", tool.threads(), "--batch", batch, "--total", &each];
        let seen = call(tool, &executable, &words, &format!("{}-{batch}", tool.name()))?;
        let clean = seen.reports == 0 && seen.violations == 0 && seen.ended_well;
        Ok(Row {
            outcome: if clean { Outcome::Fine } else { Outcome::Bad },
            detail: seen.detail.clone(),
            ..seen.row(tool, what, again.clone())
        })
    };
    BATCHES.iter().map(run).collect()
}

/// What one call showed.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) reports: usize,
    pub(super) violations: usize,
    pub(super) runs: usize,
    pub(super) operations: u64,
    pub(super) seconds: f64,
    /// Neither stress nor the tool says otherwise by its exit code.
    pub(super) ended_well: bool,
    /// The summary of the first report, and where the rest is.
    pub(super) detail: String,
    /// Summaries of all reports.
    pub(super) summaries: Vec<String>,
}

impl Seen {
    pub(super) fn row(&self, tool: Tool, what: String, again: String) -> Row {
        Row {
            tool: tool.name(),
            what,
            runs: self.runs,
            operations: self.operations,
            seconds: self.seconds,
            reports: self.reports,
            violations: self.violations,
            outcome: Outcome::Bad,
            detail: String::new(),
            again,
        }
    }
}

/// Runs stress under `tool`. All that it says goes to a log; its progress is shown, too.
///
/// # Errors
/// Where it ends without a report of its own.
pub(super) fn call(tool: Tool, executable: &Path, words: &[&str], name: &str) -> Result<Seen> {
    let folder = workspace::output()?.join(format!("sanitize-{name}"));
    let subcommand = words.first().context("a call without a subcommand")?;
    let out = folder.join(subcommand).with_extension("json");
    let log = workspace::output()?.join(format!("sanitize-{name}.log"));
    // What lies there afterwards is of this call.
    _ = fs::remove_file(&out);
    let mut command = tool.command(executable);
    command.args(words).arg("--out").arg(&folder).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = BufReader::new(child.stdout.take().context("stress has no stdout")?);
    // Its table; read beside the rest, so that neither pipe fills up.
    let table =
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).collect::<Vec<_>>());
    let stderr = BufReader::new(child.stderr.take().context("stress has no stderr")?);
    let mut seen = Seen::default();
    let mut file = File::create(&log)?;
    for line in stderr.split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(file, "{line}")?;
        if line.starts_with('[') {
            eprintln!("{line}");
        }
        seen.reports += usize::from(tool.report(&line));
        seen.summaries.extend(line.strip_prefix("SUMMARY: ").map(str::to_owned));
    }
    for line in table.join().unwrap_or_default() {
        writeln!(file, "{line}")?;
    }
    let status = child.wait()?;
    let code = status.code();
    ensure!(
        code.is_some_and(|code| STRESS.contains(&code) || code == REPORTED) && out.is_file(),
        "stress under {} ended with {status}: see {}",
        tool.name(),
        log.display()
    );
    let report: Report = serde_json::from_str(&fs::read_to_string(&out)?)
        .with_context(|| format!("stress under {} wrote no report", tool.name()))?;
    ensure!(!report.results.is_empty(), "stress under {} ran nothing", tool.name());
    seen.runs = report.results.len();
    seen.operations = report.results.iter().map(|run| run.ops).sum();
    seen.seconds = report.results.iter().map(|run| run.seconds).sum();
    seen.violations = report.results.iter().map(|run| run.violations).sum();
    seen.ended_well = code == Some(0);
    if !seen.ended_well {
        let first = seen.summaries.first().map_or("", String::as_str);
        seen.detail = format!("{first} ({status}; all of it in {})", log.display());
    }
    Ok(seen)
}

/// memcheck's errors begin without indentation behind `==pid==`, as does nothing else when quiet.
fn is_memcheck_error(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("==") else { return false };
    let Some((pid, text)) = rest.split_once("== ") else { return false };
    let is_pid = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    is_pid && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_told_from_other_lines() {
        assert!(Tool::Thread.report("WARNING: ThreadSanitizer: data race (pid=1)"));
        assert!(!Tool::Thread.report("SUMMARY: ThreadSanitizer: data race x in y"));
        assert!(Tool::Address.report("==7==ERROR: AddressSanitizer: heap-use-after-free on"));
        assert!(Tool::Address.report("==7==ERROR: LeakSanitizer: detected memory leaks"));
        assert!(Tool::Valgrind.report("==12== Invalid write of size 8"));
        assert!(Tool::Valgrind.report("==12== 48 bytes in 1 blocks are definitely lost"));
        for other in ["==12==    at 0x1234: f", "==12== ", "[1/2] fine", "==x== y", "== y"] {
            assert!(!Tool::Valgrind.report(other), "{other}");
        }
    }
}
