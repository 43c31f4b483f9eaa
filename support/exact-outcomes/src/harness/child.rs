//! The child process that runs one check, and the parent's side of it.
//!
//! The child writes one JSON [`Exploration`] to stdout and exits 0, or, at the first panic, writes
//! what happened to stderr and exits [`VIOLATION`] at once, without unwinding. At its time limit it
//! writes what it has seen so far and exits [`STOPPED`].

use core::panic::Location;
use core::time::Duration;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use super::Check;
use super::judge::Ended;
use super::limits::Limits;
use super::reporter::{PROGRESS, Reporter, STOPPED};
use crate::explore::{self, Exploration};

/// The child's exit code where it found a violation.
const VIOLATION: i32 = 101;
/// Begins the line after which everything on stderr is the violation's message.
const MARK: &str = "violation: ";
/// Begins the line that says how many executions there were.
const COUNT: &str = "executions: ";
/// How much of a crashed child's stderr is kept.
const CRASH_CHARS: usize = 2_000;
/// How long after its limit a child is killed that has not stopped itself.
const GRACE: Duration = Duration::from_secs(10);

/// Runs `check` in this process and reports. Never returns.
pub(super) fn run(check: &Check, limits: Limits) -> ! {
    // A dead canary is no violation: a twin must not be taken for caught because of it.
    #[cfg(feature = "loom")]
    if check.checker == ledger::Checker::Loom
        && let Err(dead) = crate::canary::sing()
    {
        eprintln!("{dead}");
        std::process::exit(1);
    }
    explore::reset_count();
    std::panic::set_hook(Box::new(|panic| {
        // The checkers unwind the stacks of their own threads by panics that carry no message.
        let Some(message) = explore::panic_message(panic.payload()) else { return };
        let place = panic.location().map(place).unwrap_or_default();
        let executions = explore::count() + 1;
        eprintln!("\n{COUNT}{executions}\n{MARK}{message}{place}");
        std::process::exit(VIOLATION);
    }));
    let reporter = Reporter::start(limits);
    let seen = (check.run)();
    reporter.report(&seen, 0)
}

/// Where a panic was, without the folders of the machine.
fn place(at: &Location<'_>) -> String {
    let file = Path::new(at.file()).file_name().unwrap_or_default();
    format!(" (at {}:{})", file.display(), at.line())
}

/// Runs the check named `key` in a child process.
pub(super) fn spawn(key: &str, limits: Limits) -> Ended {
    match try_spawn(key, limits) {
        Ok(ended) => ended,
        Err(error) => Ended::Died(format!("cannot run the child: {error}")),
    }
}

fn try_spawn(key: &str, limits: Limits) -> io::Result<Ended> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--child", key, "--leashed", "--limit", &limits.time.as_secs().to_string()])
        .args(limits.progress.then_some("--progress"))
        // What a crash leaves on stderr goes into the row: the message, not the stack.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Both pipes are drained meanwhile: a child that fills one would never end.
    let stdout = drain(child.stdout.take().expect("stdout is piped"));
    let stderr = pass_on_progress(child.stderr.take().expect("stderr is piped"));
    let Some(status) = wait(&mut child, limits)? else {
        return Ok(Ended::TimedOut(limits.time));
    };
    let text = |reader: thread::JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned()
    };
    Ok(ended(status, limits.time, &text(stdout), &text(stderr)))
}

/// What the child's exit and output mean.
fn ended(status: ExitStatus, limit: Duration, stdout: &str, stderr: &str) -> Ended {
    if status.code() == Some(VIOLATION)
        && let Some((before, message)) = stderr.split_once(&format!("\n{MARK}"))
    {
        let count = before.lines().rev().find_map(|line| line.strip_prefix(COUNT));
        let executions = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        return Ended::Violation { executions, message: one_line(message) };
    }
    if status.success() || status.code() == Some(STOPPED) {
        return match serde_json::from_str::<Exploration>(stdout) {
            Ok(seen) if status.success() => Ended::Explored(seen),
            Ok(seen) => Ended::Stopped(Exploration { finished: false, ..seen }, limit),
            Err(error) => Ended::Died(format!("its report cannot be read: {error}")),
        };
    }
    let why: String = one_line(stderr).chars().take(CRASH_CHARS).collect();
    Ended::Died(format!("{status}: {why}"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is missing from the report, and a report that is cut is refused.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// Collects lines; those that tell how far the child is are handed on at once.
fn pass_on_progress(pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut reader, mut bytes, mut line) = (BufReader::new(pipe), Vec::new(), Vec::new());
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if line.starts_with(PROGRESS.as_bytes()) {
                eprint!("{}", String::from_utf8_lossy(&line));
            } else {
                bytes.extend_from_slice(&line);
            }
            line.clear();
        }
        bytes
    })
}

/// The child's exit, or `None` where it had to be killed.
fn wait(child: &mut Child, limits: Limits) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let orphaned = limits.parent.is_some_and(|parent| parent.is_gone());
        if orphaned || start.elapsed() > limits.time + GRACE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(9);

    fn exit(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn a_violation_is_read_back_whole() {
        let stderr = "noise\n\nexecutions: 19\nviolation: block 3\n  twice (at x.rs:1:1)\n";
        let message = "block 3 twice (at x.rs:1:1)".into();
        assert_eq!(
            ended(exit(101), LIMIT, "", stderr),
            Ended::Violation { executions: 19, message }
        );
    }

    #[test]
    fn an_exit_without_a_report_is_a_death() {
        let died =
            |status, stdout, stderr| matches!(ended(status, LIMIT, stdout, stderr), Ended::Died(_));
        assert!(died(exit(0), "", ""));
        assert!(died(exit(0), "{\"executions\":1", ""));
        assert!(died(exit(101), "", "plain panic"));
        assert!(died(exit(STOPPED), "", ""));
        assert!(died(ExitStatus::from_raw(6), "", "\nviolation: x"));
    }

    #[test]
    fn who_stopped_at_the_limit_has_not_finished() {
        let report = serde_json::to_string(&Exploration { finished: true, ..Default::default() });
        let Ended::Stopped(seen, LIMIT) = ended(exit(STOPPED), LIMIT, &report.unwrap(), "") else {
            panic!("it stopped");
        };
        assert!(!seen.finished);
    }

    #[test]
    fn progress_is_no_part_of_what_a_crash_left() {
        let stderr = &b"executions so far: 5\nnoise\nexecutions so far: 6\nend"[..];
        assert_eq!(pass_on_progress(stderr).join().unwrap(), b"noise\nend");
    }
}
